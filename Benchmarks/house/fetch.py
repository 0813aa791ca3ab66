"""POP3, side by side: Postern, and Dovecot with mdbox and with Maildir, in turn, on this machine.

list: a mailbox of 10,000 messages is opened for the first time since they came, and again; LIST and UIDL each time.
fetch: all 10,000 (5 KB each) by pipelined RETR without TLS, in one session, and in four of four accounts at once.
Messages/s count from the first RETR, CPU from the login to the end. One run before is not counted: in it Dovecot marks all
as seen (Maildir renames 10,000 files), and the messages come into the page cache.
sessions: connect, TLS (STLS, or from the first byte, or none), USER and PASS, STAT, QUIT, and begin anew, each client with
an account of its own that holds 10 messages; every command waits for its answer, no TLS session is resumed.

CPU is that of all processes of a server, from /proc. The load is fetch-load.c, made when it is needed; what it costs is
in the table, since it runs on the same processors. All have the same certificate (ECDSA P-256) and the same messages,
handed in by Postfix's smtp-source, one for each recipient of a large mailbox.

As Debian ships it, each process of Dovecot serves one client and ends (named "shipped"). "fast log-in" keeps the log-in
processes (service_count = 0), "all kept" those behind the login too (service_count = 1000). --check holds the sessions
to the shipped one; the ratios to the others are in the table.

Passwords: Postern keeps yescrypt and remembers a right password for five minutes by an HMAC-SHA-256. Dovecot's cache is
switched on too, but remembers the kept hash and reckons it again at each login: so its password is kept as SSHA256,
which costs what Postern's remembered one does, less than a microsecond. --scheme yescrypt shows the same hash as ours,
some 10 ms. Before each run of sessions every account logs in once."""

import argparse
import base64
import os
import poplib
import smtplib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import dovecot  # noqa: E402
import peer  # noqa: E402
from house import House, clear, cpu_seconds, judge, make_keys, make_load, wait_delivered  # noqa: E402

SIZE = 5_000
POLLED = 10  # messages in the mailbox of a client that only looks
TOGETHER = 4
# At least so many times what a server of this name does.
WANTED_FETCH = {"Dovecot mdbox, shipped": 1, "Dovecot Maildir, shipped": 2}
# Four at once have the two processors of a small machine full, the load's own work included.
WANTED_FETCHES = {"Dovecot mdbox, shipped": 1, "Dovecot Maildir, shipped": 1.5}
WANTED_SESSIONS = {"Dovecot mdbox, shipped": 5}
PEERS = [("mdbox", "shipped"), ("Maildir", "shipped"), ("mdbox", "fast log-in"), ("mdbox", "all kept")]
COLUMNS = "{:>18} {:<26} {:>12} {:>15} {:>12} {:>12} {:>8} {:>8}"


class FetchedHouse(House):
    """Postern with ports of POP3; without STLS where the build does not know it."""

    def __init__(self, root, port, programs, keys):
        try:
            self._start(root, port, programs, keys, ("none", "starttls", "implicit"))
        except RuntimeError:
            self._start(root, port, programs, keys, ("none", "implicit"))

    def _start(self, root, port, programs, keys, modes):
        self.ports = {mode: port + 1 + index for index, mode in enumerate(modes)}
        ports = "".join(
            f'[[listen]]\nservice = "pop3"\naddress = "127.0.0.1"\nport = {number}\ntls = "{mode}"\n'
            for mode, number in self.ports.items())
        super().__init__(
            root, port, programs,
            f'{ports}[tls]\ncertificate = "{keys}/chain.pem"\nkey = "{keys}/key.pem"\n[pop3]\nmax_sessions_per_client = 1000\n')

    def source(self):
        return [], f"127.0.0.1:{self.port}"

    def settle(self, count):
        wait_delivered(self, count, time.monotonic())
        self.empty()  # counts from here

    def warm(self, address, password):
        """The password is checked and remembered, no mailbox is opened."""
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.ehlo("client.example.test")
            code, text = client.docmd("AUTH PLAIN", base64.b64encode(f"\0{address}\0{password}".encode()).decode())
            if code != 235:
                raise RuntimeError(f"{address} cannot log in: {text}")


def offers_stls(server):
    if "starttls" not in server.ports:
        return False
    client = poplib.POP3("127.0.0.1", server.ports["starttls"])
    try:
        return "STLS" in client.capa()
    finally:
        client.quit()


def fill(server, address, count):
    words, place = server.source()
    # The first alone: ten at once that find no mailbox and make one get in each other's way at Dovecot.
    for sessions, part in ((1, 1), (10, count - 1)):
        subprocess.run(
            ["smtp-source", *words, "-d", "-s", str(sessions), "-l", str(SIZE), "-m", str(part), "-f", "sender@remote.test",
             "-t", address, place], check=True, stdout=subprocess.DEVNULL)
    server.settle(count)


def work(load, server, mode, *words):
    """What the load prints, and the CPU seconds of the server meanwhile."""
    before = cpu_seconds(server.processes())
    printed = subprocess.run(
        [load, str(server.ports[mode]), mode, House.password, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True)
    return [float(word) for word in printed.stdout.split()], cpu_seconds(server.processes()) - before


def in_turn(servers, rounds, measure):
    """Rows of each server; whoever comes second finds a warmer machine, so they take turns."""
    rows = {server.name: [] for server in servers}
    for turn in range(rounds):
        for server in servers if turn % 2 == 0 else reversed(servers):
            rows[server.name].append(measure(server, turn))
    return rows


def show(case, rows, wanted):
    """Rows of rate, CPU of the server, CPU of the load and two numbers more: their medians, and what is missed."""
    medians = {name: [statistics.median(column) for column in zip(*lines)] for name, lines in rows.items()}
    for name, (rate, cpu, own, *more) in medians.items():
        rates = [line[0] for line in rows[name]]
        print(COLUMNS.format(
            case, name, f"{rate:,.0f}", f"{min(rates):,.0f}-{max(rates):,.0f}", f"{cpu:,.1f}", f"{own:,.1f}",
            *(f"{number:.1f}" for number in more)), flush=True)
    missed = []
    ours = medians.pop(House.name)
    for name, (rate, cpu, *_) in medians.items():
        ratio = ours[0] / rate
        less = f"{cpu / ours[1]:.2f}x" if ours[1] else ""
        print(COLUMNS.format("ratio to", name, f"{ratio:.2f}x", "", less, "", "", ""), flush=True)
        if ratio < wanted.get(name, 0):
            missed.append(f"{case}: {ratio:.2f} x {name}, wanted {wanted[name]}")
    return missed


def run_list(load, servers, boxes, options):
    def measure(server, turn):
        box = boxes[turn]
        server.warm(box, House.password)
        (there, *first), _ = work(load, server, "none", "list", box)
        (_, *second), _ = work(load, server, "none", "list", box)
        if there != options.messages:
            raise RuntimeError(f"{server.name}: {there} messages in {box}")
        return [microseconds / 1e3 for microseconds in first + second]

    print(f"\n{'ms, ' + str(options.messages):>18} {'server':<26} {'first login':>12} {'LIST':>8} {'UIDL':>8} "
          f"{'second login':>13} {'LIST':>8} {'UIDL':>8}")
    for name, lines in in_turn(servers, options.rounds, measure).items():
        one, two, three, four, five, six = (statistics.median(column) for column in zip(*lines))
        print(f"{'':>18} {name:<26} {one:>12.1f} {two:>8.2f} {three:>8.2f} {four:>13.1f} {five:>8.2f} {six:>8.2f}", flush=True)
    return []


def run_fetch(load, servers, boxes, options):
    print("\n" + COLUMNS.format(
        "sessions", "server", "messages/s", "lowest-highest", "CPU us each", "of the load", "MB/s", "KB each"))
    missed = []
    for sessions in (1, TOGETHER):
        def measure(server, _):
            # Several times over: one is too short for the clock of the CPU, which counts in ticks.
            runs = [work(load, server, "none", "fetch", *boxes[:sessions]) for _ in range(TOGETHER // sessions * 2)]
            if any(printed[0] != sessions * options.messages for printed, _ in runs):
                raise RuntimeError(f"{server.name}: not all messages came")
            count, took, own, octets = (sum(column) for column in zip(*(printed for printed, _ in runs)))
            used = sum(seconds for _, seconds in runs)
            return [count / took, used / count * 1e6, own / count * 1e6, octets / took / 1e6, octets / count / 1e3]
        for server in servers:
            measure(server, 0)
        missed += show(f"{sessions}, RETR", in_turn(servers, options.rounds, measure),
                       WANTED_FETCH if sessions == 1 else WANTED_FETCHES)
    return missed


def run_sessions(load, servers, addresses, options):
    print("\n" + COLUMNS.format(
        "clients, TLS", "server", "sessions/s", "lowest-highest", "CPU us each", "of the load", "ms p50", "ms p99"))
    missed = []
    for mode in options.modes.split(","):
        lacking = [server.name for server in servers if mode == "starttls" and not offers_stls(server)]
        if lacking:
            print(f"{mode} is left out: {', '.join(lacking)} does not offer STLS.")
            continue
        for clients in options.clients:
            def measure(server, _):
                work(load, server, mode, "sessions", 0, *addresses[:clients])
                (count, took, own, middle, slow), used = work(
                    load, server, mode, "sessions", options.seconds, *addresses[:clients])
                return [count / took, used / count * 1e6, own / count * 1e6, middle / 1e3, slow / 1e3]
            missed += show(f"{clients}, {mode}", in_turn(servers, options.rounds, measure), WANTED_SESSIONS)
    return missed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="folder of the release build")
    parser.add_argument("--parts", default="list,fetch,sessions")
    parser.add_argument("--messages", type=int, default=10_000, help="in a large mailbox")
    parser.add_argument("--clients", default="8,50", help="how many at once", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--modes", default="none,starttls,implicit")
    parser.add_argument("--scheme", default="SSHA256", choices=peer.SCHEMES, help="of Dovecot's passwords")
    parser.add_argument("--only-house", action="store_true", help="without the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="how long a run of sessions lasts")
    parser.add_argument("--check", action="store_true", help="exit 1 when a wanted ratio is missed")
    return parser.parse_args()


def main():
    options = arguments()
    root = f"/var/tmp/postern-fetch-{os.getpid()}"
    os.makedirs(root)
    boxes = [f"box{number}@example.test" for number in range(max(TOGETHER, options.rounds))]
    clients = [f"client{number}@example.test" for number in range(max(options.clients))]
    servers, missed = [], []
    try:
        load = make_load(root, "fetch-load")
        make_keys(root)
        servers.append(FetchedHouse(f"{root}/house", 20210, options.programs, root))
        for address in boxes + clients:
            servers[0].add(address)
        for index, (kind, lives) in enumerate([] if options.only_house else PEERS):
            servers.append(dovecot.Dovecot(
                f"{root}/peer{index}", 20220 + 10 * index, root, kind, lives, options.scheme, boxes + clients, House.password))
        shipped = servers[:3]  # one session: how long processes live does not matter
        if "list" in options.parts or "fetch" in options.parts:
            for server in shipped:
                for box in boxes:
                    fill(server, box, options.messages)
        if "list" in options.parts:
            missed += run_list(load, shipped, boxes, options)
        if "fetch" in options.parts:
            missed += run_fetch(load, shipped, boxes, options)
        if "sessions" in options.parts:
            pollers = [server for server in servers if "Maildir" not in server.name]
            for server in pollers:
                for client in clients:
                    fill(server, client, POLLED)
            missed += run_sessions(load, pollers, clients, options)
    finally:
        clear(servers, root)
    judge(missed, options.check)


if __name__ == "__main__":
    main()
