"""Mail arrives while the store gives space back: accept.py's 100 sessions of 5 KB, in turn on a store that rests and on one
that compacts. Before each run of the second kind its mailbox is filled and four of five messages are removed; compaction
then copies, at the rate that the settings have as it ships, for as long as the mail comes, which the run proves from the
room's figures. With --peer, Postfix and Dovecot take the same mail in the same round. Ratios are what to look at; the last
line says how much was copied for what was freed."""

import argparse
import json
import os
import poplib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import peer  # noqa: E402
from house import House, clear, cpu_seconds, judge, wait_delivered  # noqa: E402

SESSIONS, SIZE = 100, 5_000
WANTED = 0.7
WANTED_PEER = 20
FIGURES = ["octets-copied", "octets-freed", "octets-written", "segments-compacted"]


class CompactingHouse(House):
    def __init__(self, root, port, programs, source):
        self.source, self.pop3 = source, port + 1
        super().__init__(
            root, port, programs,
            f'[[listen]]\nservice = "pop3"\naddress = "127.0.0.1"\nport = {self.pop3}\ntls = "none"\n'
            '[store]\nexpunge_retention = "0s"\n')
        self.add("bob@example.test")

    def send(self, count, whom):
        subprocess.run(
            [self.source, "-d", "-s", str(SESSIONS), "-l", str(SIZE), "-m", str(count), "-f", "s@remote.test", "-t",
             f"{whom}@example.test", f"127.0.0.1:{self.port}"], check=True, stdout=subprocess.DEVNULL)

    def figures(self):
        rooms = json.loads(self._command("status", "--json"))
        found = {}

        def walk(value):
            if isinstance(value, dict):
                found.update({key: number for key, number in value.items() if key in FIGURES})
                if value.get("name") in FIGURES:
                    found[value["name"]] = value["value"]
                value = list(value.values())
            if isinstance(value, list):
                for one in value:
                    walk(one)

        walk(rooms)
        return found

    def thin(self):
        """Removes four of five of bob's messages."""
        box = poplib.POP3("127.0.0.1", self.pop3, timeout=300)
        box.user("bob@example.test")
        box.pass_(self.password)
        there = box.stat()[0]
        for index in range(1, there + 1):
            if index % 5 < 4:
                box._putcmd(f"DELE {index}")
            if index % 500 == 0 or index == there:
                for _ in range(sum(1 for one in range(max(1, index - (index - 1) % 500), index + 1) if one % 5 < 4)):
                    box._getresp()
        box.quit()

    def measure(self, count):
        self.empty()
        before, copied = cpu_seconds(self.processes()), self.figures()["octets-copied"]
        start = time.monotonic()
        self.send(count, "alice")
        wait_delivered(self, count, start)
        took = time.monotonic() - start
        used = cpu_seconds(self.processes()) - before
        return count / took, used / count * 1e6, (self.figures()["octets-copied"] - copied) / took / 1e6

    def wait_until(self, condition, seconds=120):
        end = time.monotonic() + seconds
        while not condition(self.figures()):
            if time.monotonic() > end:
                raise RuntimeError(f"compaction does not go on: {self.figures()}")
            time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="folder of the release build")
    parser.add_argument("--source", default="smtp-source")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--garbage", type=int, default=80_000, help="messages of which four of five are removed")
    parser.add_argument("--peer", action="store_true", help="Postfix and Dovecot beside it (needs root)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a wanted ratio is missed")
    options = parser.parse_args()
    root = f"/var/tmp/postern-bench-{os.getpid()}"
    house = CompactingHouse(f"{root}/house", 20025, options.programs, options.source)
    servers = [house]
    ratios, beside = [], []
    try:
        if options.peer:
            servers.append(peer.Peer(f"{root}/peer", 20030))
        house.measure(2_000)
        for _ in range(options.rounds):
            quiet = house.measure(options.messages)
            house.send(options.garbage, "bob")
            begun = house.figures()["octets-copied"]
            house.thin()
            house.wait_until(lambda figures: figures["octets-copied"] > begun)
            busy = house.measure(options.messages)
            ratios.append(busy[0] / quiet[0])
            for name, (rate, cpu, copied) in (("resting", quiet), ("compacting", busy)):
                print(f"{name:<12} {rate:>8,.0f}/s {cpu:>6,.0f} us CPU {copied:>6,.1f} MB/s copied", flush=True)
            if options.peer:
                beside.append(busy[0] / peer_rate(servers[1], options.source))
            last = None
            while last != (last := house.figures()["octets-copied"]):
                time.sleep(6)  # longer than the store's own pause between two rounds
        figures = house.figures()
    finally:
        clear(servers, root)
    median = statistics.median(ratios)
    print(f"compacting/resting {median:.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
    print(", ".join(f"{name} {figures.get(name, 0):,}" for name in FIGURES))
    missed = [f"{median:.2f} of the resting store's rate, wanted {WANTED}"] if median < WANTED else []
    if beside:
        times = statistics.median(beside)
        print(f"compacting/peer {times:.1f}x in the mailbox ({min(beside):.1f}-{max(beside):.1f})")
        if times < WANTED_PEER:
            missed.append(f"{times:.1f}x the peer while compacting, wanted {WANTED_PEER}x")
    judge(missed, options.check)


def peer_rate(server, source, count=1_500):
    """In the mailbox of the peer, messages a second."""
    server.empty()
    start = time.monotonic()
    subprocess.run(
        [source, "-d", "-s", str(SESSIONS), "-l", str(SIZE), "-m", str(count), "-f", "s@remote.test", "-t",
         "alice@example.test", f"127.0.0.1:{server.port}"], check=True, stdout=subprocess.DEVNULL)
    wait_delivered(server, count, start)
    return count / (time.monotonic() - start)


if __name__ == "__main__":
    main()
