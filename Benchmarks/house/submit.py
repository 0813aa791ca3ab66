"""Submission, side by side: Postern and a Postfix with Dovecot's SASL and LMTP, in turn, on this machine.

A client makes a connection, TLS (STARTTLS, or from the first byte), one login (AUTH PLAIN) and one message of 5 KB to a
local mailbox, ends it and begins anew; no TLS session is resumed. Both have the same certificate (ECDSA P-256).
Counted are these connections a second, from the first until the last is over, and the CPU of all processes of a server
until the last message is in the mailbox. The load is submit-load.c, made when it is needed; what it costs is in the
table, since it runs on the same processors.

Passwords: Postern keeps yescrypt and remembers a right password for five minutes by an HMAC-SHA-256. Dovecot's cache is
switched on too, but remembers the kept hash and reckons it again at each login: so its password is kept as SSHA256,
which costs what Postern's remembered one does. --schemes yescrypt shows the same hash as ours. Before each run some
logins warm both."""

import argparse
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import peer  # noqa: E402
from house import House, clear, cpu_seconds, judge, make_keys, make_load, wait_delivered  # noqa: E402

SIZE = 5_000
WARM = 100
WANTED_RATE, WANTED_RATIO = 1_500, 3


class Submitted(House):
    """Postern with two ports of submission."""

    def __init__(self, root, port, programs, keys):
        self.ports = {"starttls": port + 1, "implicit": port + 2}
        ports = "".join(
            f'[[listen]]\nservice = "submission"\naddress = "127.0.0.1"\nport = {number}\ntls = "{mode}"\n'
            for mode, number in self.ports.items())
        super().__init__(
            root, port, programs, f'{ports}[tls]\ncertificate = "{keys}/chain.pem"\nkey = "{keys}/key.pem"\n')


class SubmittedPeer(peer.Peer):
    def __init__(self, root, port, keys, scheme):
        self.name = f"Postfix + Dovecot, {scheme}"
        self.ports = {"starttls": port + 1, "implicit": port + 2}
        super().__init__(
            root, port,
            peer.Submission(port + 1, port + 2, keys, House.address, House.password, scheme))


def submit(load, server, mode, clients, count):
    """Seconds, CPU seconds of the load, and microseconds of a connection: median, 99th percentile."""
    words = [load, server.ports[mode], mode, clients, count, SIZE, House.address, House.password]
    return [float(word) for word in subprocess.run(
        list(map(str, words)), check=True, stdout=subprocess.PIPE, text=True).stdout.split()]


def measure(load, server, mode, clients, count):
    """One run: connections/s, CPU us of the server for each, CPU us of the load for each, ms median, ms 99 %."""
    server.empty()
    start = time.monotonic()
    submit(load, server, mode, min(clients, 8), WARM)
    wait_delivered(server, WARM, start)
    before = cpu_seconds(server.processes())
    start = time.monotonic()
    took, own, median, slow = submit(load, server, mode, clients, count)
    wait_delivered(server, WARM + count, start)
    used = cpu_seconds(server.processes()) - before
    return count / took, used / count * 1e6, own / count * 1e6, median / 1e3, slow / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="folder of the release build")
    parser.add_argument("--clients", default="8,50", help="how many at once")
    parser.add_argument("--modes", default="starttls,implicit")
    parser.add_argument("--schemes", default="SSHA256", help="one peer for each: SSHA256, yescrypt")
    parser.add_argument("--only-house", action="store_true", help="without the peer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="how long a run is to last")
    parser.add_argument(
        "--check", action="store_true",
        help=f"exit 1 below {WANTED_RATE}/s if it is below {WANTED_RATIO} x the first peer, too")
    options = parser.parse_args()
    root = f"/var/tmp/postern-submit-{os.getpid()}"
    os.makedirs(root)
    servers, missed = [], []
    try:
        load = make_load(root, "submit-load")
        make_keys(root)
        servers.append(Submitted(f"{root}/house", 20025, options.programs, root))
        for index, scheme in enumerate([] if options.only_house else options.schemes.split(",")):
            servers.append(SubmittedPeer(f"{root}/peer{index}", 20035 + 10 * index, root, scheme))
        print(f"{'clients, TLS':>14} {'server':<28} {'logins+messages/s':>18} {'lowest-highest':>15} {'CPU us each':>12} "
              f"{'of the load':>12} {'ms p50':>7} {'ms p99':>7}")
        for clients in map(int, options.clients.split(",")):
            for mode in options.modes.split(","):
                missed += run(load, clients, mode, servers, options)
    finally:
        clear(servers, root)
    judge(missed, options.check)


def run(load, clients, mode, servers, options):
    rates = [measure(load, server, mode, clients, 2 * WARM)[0] for server in servers]
    counts = [max(WARM, int(rate * options.seconds)) for rate in rates]
    results = [[] for _ in servers]
    for turn in range(options.rounds):
        for index in range(len(servers)) if turn % 2 == 0 else reversed(range(len(servers))):
            results[index].append(measure(load, servers[index], mode, clients, counts[index]))
    medians = [[statistics.median(column) for column in zip(*rows)] for rows in results]
    for server, rows, (rate, cpu, own, middle, slow) in zip(servers, results, medians):
        rates = [row[0] for row in rows]
        print(f"{f'{clients}, {mode}':>14} {server.name:<28} {rate:>18,.0f} {f'{min(rates):,.0f}-{max(rates):,.0f}':>15} "
              f"{cpu:>12,.0f} {own:>12,.0f} {middle:>7.1f} {slow:>7.1f}", flush=True)
    for server, other in zip(servers[1:], medians[1:]):
        print(f"{'':>14} {f'ratio to {server.name}':<38} {medians[0][0] / other[0]:>7.1f}x {'':>15} "
              f"{other[1] / medians[0][1]:>11.1f}x", flush=True)
    if medians[0][0] >= WANTED_RATE or len(servers) > 1 and medians[0][0] >= WANTED_RATIO * medians[1][0]:
        return []
    return [f"{clients} clients, {mode}: {medians[0][0]:,.0f} logins+messages/s, wanted {WANTED_RATE:,} or "
            f"{WANTED_RATIO} x the peer"]


if __name__ == "__main__":
    main()
