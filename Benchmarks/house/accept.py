"""Accept-to-mailbox, side by side: Postern, a Postfix that delivers to Dovecot by LMTP, and a sink that keeps nothing, in
turn, on this machine.

With --against, another build of Postern stands in the peer's place: old and new, in turn, and new/old.
The load is Postfix's smtp-source. A run counts from the first connection until the last message is in the mailbox;
CPU is that of all processes of a server, from /proc. Ratios are what to look at; the machine is part of the figures."""

import argparse
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import peer  # noqa: E402
import sink  # noqa: E402
from house import House, clear, cpu_seconds, judge, wait_delivered  # noqa: E402


def measure(server, source, sessions, size, count):
    """One run: accepted/s, in the mailbox/s, CPU microseconds a message."""
    server.empty()
    before = cpu_seconds(server.processes())
    start = time.monotonic()
    subprocess.run(
        [source, "-d", "-s", str(sessions), "-l", str(size), "-m", str(count), "-f", "sender@remote.test", "-t",
         "alice@example.test", f"127.0.0.1:{server.port}"], check=True, stdout=subprocess.DEVNULL)
    accepted = time.monotonic() - start
    wait_delivered(server, count, start)
    stored = time.monotonic() - start
    used = cpu_seconds(server.processes()) - before
    return count / accepted, count / stored, used / count * 1e6


# sessions, octets, messages for the house and for the peer; wanted: ratio in the mailbox and accepted to the peer, and
# share of what the sink accepts.
CASES = [
    (1, 5_000, 3_000, 400, 1.5, 1.5, 0.2),
    (10, 5_000, 15_000, 1_000, 6, 4, 0.18),
    (100, 5_000, 30_000, 1_500, 20, 10, 0.4),
    (1, 50_000, 1_500, 300, 1.5, 1.5, 0.2),
    (10, 50_000, 4_000, 600, 5, 3, 0.18),
    (50, 50_000, 6_000, 800, 8, 5, 0.3),
    (100, 50_000, 6_000, 800, 8, 5, 0.3),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="folder of the release build")
    parser.add_argument("--against", help="folder of another release build, to be measured in the peer's place")
    parser.add_argument("--source", default="smtp-source")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-house", action="store_true", help="without the peer")
    parser.add_argument("--check", action="store_true", help="exit 1 when a wanted ratio is missed")
    parser.add_argument("--cases", default="", help="such as 100x5000,1x5000")
    options = parser.parse_args()
    root = f"/var/tmp/postern-bench-{os.getpid()}"
    wanted = [tuple(map(int, case.split("x"))) for case in options.cases.split(",") if case]
    cases = [case for case in CASES if not wanted or case[:2] in wanted]
    servers = [House(f"{root}/house", 20025, options.programs)]
    missed = []
    try:
        if options.against:
            servers.append(House(f"{root}/against", 20027, options.against))
            servers[0].name, servers[1].name = "new", "old"
        elif not options.only_house:
            servers.append(peer.Peer(f"{root}/peer", 20026))
            servers.append(sink.Sink(20028, options.source.replace("smtp-source", "smtp-sink")))
        print(f"{'sessions x size':>16} {'server':<24} {'accepted/s':>11} {'in mailbox/s':>13} {'CPU us/message':>15}")
        for case in cases:
            missed += run(case, servers, options)
    finally:
        clear(servers, root)
    judge(missed, options.check)


def run(case, servers, options):
    sessions, size, ours, theirs, stored_ratio, accepted_ratio, wanted_share = case
    results = {server.name: [] for server in servers}
    for turn in range(options.rounds):
        # Whoever comes second finds a warmer machine: they take turns.
        for server in servers if turn % 2 == 0 else reversed(servers):
            count = theirs if isinstance(server, peer.Peer) else ours
            results[server.name].append(measure(server, options.source, sessions, size, count))
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    for name, (accepted, stored, cpu) in medians.items():
        stored = f"{stored:>13,.0f}" if name != sink.Sink.name else f"{'-':>13}"
        print(f"{f'{sessions} x {size}':>16} {name:<24} {accepted:>11,.0f} {stored} {cpu:>15,.0f}", flush=True)
    if options.against:
        compare(results["new"], results["old"])
    if options.against or len(servers) == 1:
        return []
    house, other, floor = (medians[server.name] for server in servers)
    accepted, stored, cpu = house[0] / other[0], house[1] / other[1], other[2] / house[2]
    print(f"{'':>16} {'ratio to the peer':<24} {accepted:>10.1f}x {stored:>12.1f}x {cpu:>14.1f}x", flush=True)
    share, more = house[0] / floor[0], house[2] / floor[2]
    print(f"{'':>16} {'ratio to the sink':<24} {share:>10.2f}x {'':>13} {more:>14.1f}x", flush=True)
    found = []
    if stored < stored_ratio:
        found.append(f"{sessions} x {size}: in the mailbox {stored:.1f}x, wanted {stored_ratio}x")
    if accepted < accepted_ratio:
        found.append(f"{sessions} x {size}: accepted {accepted:.1f}x, wanted {accepted_ratio}x")
    if share < wanted_share:
        found.append(f"{sessions} x {size}: accepted {share:.2f} of what a sink takes, wanted {wanted_share}")
    return found


def compare(new, old):
    """new/old of each round, whose two runs lie side by side: the median, then the lowest and the highest."""
    ratios = list(zip(*([a / b for a, b in zip(one, other)] for one, other in zip(new, old))))
    middle = [f"{statistics.median(column):.3f}" for column in ratios]
    spread = [f"{min(column):.2f}-{max(column):.2f}" for column in ratios]
    for name, (accepted, stored, cpu) in (("new/old", middle), ("lowest-highest", spread)):
        print(f"{'':>16} {name:<24} {accepted:>11} {stored:>13} {cpu:>15}", flush=True)


if __name__ == "__main__":
    main()
