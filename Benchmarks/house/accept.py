"""Accept-to-mailbox, side by side: Postern and a Postfix that delivers to Dovecot by LMTP, in turn, on this machine.

The load is Postfix's smtp-source. A run counts from the first connection until the last message is in the mailbox;
CPU is that of all processes of a server, from /proc. Ratios are what to look at; the machine is part of the figures."""

import argparse
import glob
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import peer  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots):
    """User and system time of these processes, of their living descendants, and of all dead ones they waited for."""
    children = {}
    times = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(path).read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        pid = int(path.split("/")[2])
        children.setdefault(int(fields[1]), []).append(pid)
        times[pid] = sum(int(field) for field in fields[11:15]) / TICKS
    total, todo = 0.0, list(roots)
    while todo:
        pid = todo.pop()
        total += times.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


class House:
    """Postern under `postern run`, with one account."""

    name = "Postern"

    def __init__(self, root, port, programs):
        self.root, self.port, self.programs = root, port, programs
        os.makedirs(root, exist_ok=True)
        os.chmod(root, 0o755)
        self.settings = f"{root}/postern.toml"
        with open(self.settings, "w") as file:
            file.write(
                f'[server]\nhostname = "mail.example.test"\nstate = "{root}/state"\n'
                f'[[listen]]\nservice = "smtp"\naddress = "127.0.0.1"\nport = {port}\ntls = "none"\n'
                "[smtp]\nmax_sessions_per_client = 1000\n")
        self.log = open(f"{root}/log", "w+")
        self.process = subprocess.Popen(
            [f"{programs}/postern", "run", "--config", self.settings], stderr=self.log, stdout=self.log)
        end = time.monotonic() + 30
        while "postern: ready" not in open(f"{root}/log").read():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the house did not start:\n" + open(f"{root}/log").read())
            time.sleep(0.05)
        self._command("domain", "add", "example.test")
        self._command("account", "add", "alice@example.test", "--password-file", "-", text="password\n")
        self.base = 0

    def _command(self, *words, text=None):
        return subprocess.run(
            [f"{self.programs}/postern", *words, "--config", self.settings], input=text, text=True, check=True,
            stdout=subprocess.PIPE).stdout

    def processes(self):
        return [self.process.pid]

    def delivered(self):
        accounts = json.loads(self._command("account", "list", "--json"))
        return accounts[0]["messages"] - self.base

    def empty(self):
        self.base += self.delivered()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def measure(server, source, sessions, size, count):
    """One run: accepted/s, in the mailbox/s, CPU microseconds a message."""
    server.empty()
    before = cpu_seconds(server.processes())
    start = time.monotonic()
    subprocess.run(
        [source, "-d", "-s", str(sessions), "-l", str(size), "-m", str(count), "-f", "sender@remote.test", "-t",
         "alice@example.test", f"127.0.0.1:{server.port}"], check=True, stdout=subprocess.DEVNULL)
    accepted = time.monotonic() - start
    while server.delivered() < count:
        if time.monotonic() - start > 300:
            raise RuntimeError(f"{server.name}: only {server.delivered()} of {count} messages arrived")
        time.sleep(0.02)
    stored = time.monotonic() - start
    used = cpu_seconds(server.processes()) - before
    return count / accepted, count / stored, used / count * 1e6


# sessions, octets, messages for the house and for the peer, wanted ratio in the mailbox, wanted ratio accepted
CASES = [
    (1, 5_000, 3_000, 400, 1.5, 1.5),
    (10, 5_000, 15_000, 1_000, 6, 4),
    (100, 5_000, 30_000, 1_500, 20, 10),
    (1, 50_000, 1_500, 300, 1.5, 1.5),
    (10, 50_000, 4_000, 600, 5, 3),
    (50, 50_000, 6_000, 800, 8, 5),
    (100, 50_000, 6_000, 800, 8, 5),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="folder of the release build")
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
        if not options.only_house:
            servers.append(peer.Peer(f"{root}/peer", 20026))
        print(f"{'sessions x size':>16} {'server':<24} {'accepted/s':>11} {'in mailbox/s':>13} {'CPU us/message':>15}")
        for case in cases:
            missed += run(case, servers, options)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(root, ignore_errors=True)
    for line in missed:
        print("MISSED:", line)
    if missed and options.check:
        sys.exit(1)


def run(case, servers, options):
    sessions, size, ours, theirs, stored_ratio, accepted_ratio = case
    results = {server.name: [] for server in servers}
    for _ in range(options.rounds):
        for server in servers:
            results[server.name].append(
                measure(server, options.source, sessions, size, ours if server is servers[0] else theirs))
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    for name, (accepted, stored, cpu) in medians.items():
        print(f"{f'{sessions} x {size}':>16} {name:<24} {accepted:>11,.0f} {stored:>13,.0f} {cpu:>15,.0f}", flush=True)
    if len(servers) == 1:
        return []
    house, other = (medians[server.name] for server in servers)
    accepted, stored, cpu = house[0] / other[0], house[1] / other[1], other[2] / house[2]
    print(f"{'':>16} {'ratio':<24} {accepted:>10.1f}x {stored:>12.1f}x {cpu:>14.1f}x", flush=True)
    found = []
    if stored < stored_ratio:
        found.append(f"{sessions} x {size}: in the mailbox {stored:.1f}x, wanted {stored_ratio}x")
    if accepted < accepted_ratio:
        found.append(f"{sessions} x {size}: accepted {accepted:.1f}x, wanted {accepted_ratio}x")
    return found


main()
