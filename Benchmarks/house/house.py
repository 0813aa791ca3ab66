"""Postern under `postern run`, as the figures of this folder measure it, and what they all count with."""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

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


def wait_delivered(server, count, start, seconds=300):
    """Until this many messages are in the mailbox; `start` is a monotonic time."""
    while (there := server.delivered()) < count:
        if time.monotonic() - start > seconds:
            raise RuntimeError(f"{server.name}: only {there} of {count} messages arrived")
        time.sleep(0.02)


def make_load(root, name):
    """The load of this name, made from its source; its path."""
    source = f"{os.path.dirname(os.path.abspath(__file__))}/{name}.c"
    subprocess.run(
        [shutil.which("gcc") or "clang", "-O2", "-o", f"{root}/{name}", source, "-lssl", "-lcrypto", "-lpthread"],
        check=True)
    return f"{root}/{name}"


def make_keys(root):
    """key.pem and chain.pem in this folder, for every server (ECDSA P-256)."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=mail.example.test", "-keyout", f"{root}/key.pem", "-out", f"{root}/chain.pem"],
        check=True, stderr=subprocess.DEVNULL)
    os.chmod(f"{root}/key.pem", 0o644)  # the rooms run as users of their own


class House:
    """Started on creation, with the one account alice@example.test; `stop` ends it."""

    name = "Postern"
    address, password = "alice@example.test", "correct horse"

    def __init__(self, root, port, programs, more=""):
        self.root, self.port, self.programs = root, port, programs
        os.makedirs(root, exist_ok=True)
        os.chmod(root, 0o755)
        self.settings = f"{root}/postern.toml"
        with open(self.settings, "w") as file:
            file.write(
                f'[server]\nhostname = "mail.example.test"\nstate = "{root}/state"\n'
                f'[[listen]]\nservice = "smtp"\naddress = "127.0.0.1"\nport = {port}\ntls = "none"\n'
                f"[smtp]\nmax_sessions_per_client = 1000\n{more}")
        self.log = open(f"{root}/log", "w+")
        self.process = subprocess.Popen(
            [f"{programs}/postern", "run", "--config", self.settings], stderr=self.log, stdout=self.log)
        end = time.monotonic() + 30
        while "postern: ready" not in open(f"{root}/log").read():
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError("the house did not start:\n" + open(f"{root}/log").read())
            time.sleep(0.05)
        self._command("domain", "add", "example.test")
        self.add(self.address)
        self.base = 0

    def add(self, address):
        self._command("account", "add", address, "--password-file", "-", text=self.password + "\n")

    def _command(self, *words, text=None):
        return subprocess.run(
            [f"{self.programs}/postern", *words, "--config", self.settings], input=text, text=True, check=True,
            stdout=subprocess.PIPE).stdout

    def processes(self):
        return [self.process.pid]

    def delivered(self):
        accounts = json.loads(self._command("account", "list", "--json"))
        return sum(account["messages"] for account in accounts) - self.base

    def empty(self):
        self.base += self.delivered()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def clear(servers, root):
    """Ends what a benchmark has started, and removes its folder."""
    for server in servers:
        server.stop()
    shutil.rmtree(root, ignore_errors=True)


def judge(missed, fails):
    """Says which wanted ratios were missed."""
    for line in missed:
        print("MISSED:", line)
    if missed and fails:
        sys.exit(1)
