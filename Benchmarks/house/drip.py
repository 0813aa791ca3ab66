"""Slow drip: thousands of sessions that send one octet every few seconds. What they cost in memory and CPU, and whether
somebody who is in a hurry still gets through."""

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from house import cpu_seconds  # noqa: E402


LARGEST_SESSION = 16  # KB in the listener, which hears them all
LONGEST_HURRY = 0.25  # seconds


def memory(pid):
    """Resident KB of a process and its children, by name."""
    found = {}
    for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
        name = os.path.basename(open(f"/proc/{child}/cmdline").read().split("\0")[0])
        pages = int(open(f"/proc/{child}/statm").read().split()[1])
        found[name] = pages * os.sysconf("SC_PAGE_SIZE") // 1024
    return found


def hurry(port):
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        for word in (None, "EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA", "Subject: x\r\n\r\nx\r\n."):
            if word:
                s.sendall(word.encode() + b"\r\n")
            reply = s.recv(4096)
            assert reply[:1] in b"23", reply
    return time.monotonic() - begin


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--programs", required=True)
    arguments.add_argument("--sessions", type=int, default=5000)
    arguments.add_argument("--seconds", type=int, default=30)
    arguments.add_argument("--check", action="store_true", help="exit 1 when a session costs more than it may")
    options = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (options.sessions + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    root = tempfile.mkdtemp(prefix="postern-drip-", dir="/var/tmp")
    os.chmod(root, 0o755)
    settings = f"{root}/postern.toml"
    port = 12525
    with open(settings, "w") as file:
        file.write(
            f'[server]\nhostname = "mail.example.test"\nstate = "{root}/state"\n'
            f'[[listen]]\nservice = "smtp"\naddress = "127.0.0.1"\nport = {port}\n'
            f"[smtp]\nmax_sessions = {options.sessions + 100}\nmax_sessions_per_client = {options.sessions + 100}\n")
    log = open(f"{root}/log", "w+")
    house = subprocess.Popen([f"{options.programs}/postern", "run", "--config", settings], stderr=log, stdout=log)
    try:
        while "postern: ready" not in open(f"{root}/log").read():
            time.sleep(0.05)
        command = [f"{options.programs}/postern"]
        subprocess.run(command + ["domain", "add", "example.test", "--config", settings], check=True)
        subprocess.run(
            command + ["account", "add", "alice@example.test", "--password-file", "-", "--config", settings],
            input=b"x y z", check=True)
        time.sleep(1)
        before, idle = memory(house.pid), cpu_seconds([house.pid])
        clients = []
        for _ in range(options.sessions):
            client = socket.create_connection(("127.0.0.1", port))
            clients.append(client)
        for client in clients:
            assert client.recv(200).startswith(b"220"), "not greeted"
        opened = cpu_seconds([house.pid]) - idle
        text = b"EHLO a-client-that-has-all-the-time-in-the-world.example.test\r\nMAIL FROM:<slow@example.test>\r\n"
        began, start = time.monotonic(), cpu_seconds([house.pid])
        sent, slowest = 0, 0.0
        while time.monotonic() - began < options.seconds:
            turn = time.monotonic()
            for client in clients:
                client.sendall(text[sent % len(text):sent % len(text) + 1])
            sent += 1
            slowest = max(slowest, hurry(port))
            time.sleep(max(0, 1 - (time.monotonic() - turn)))
        spent = cpu_seconds([house.pid]) - start
        seconds = time.monotonic() - began
        after = memory(house.pid)
        for name in sorted(after):
            print(f"{name}: {before.get(name, 0)} KB before, {after[name]} KB with {options.sessions} sessions")
        growth = after["postern-listener"] - before["postern-listener"]
        print(f"listener: {growth / options.sessions:.1f} KB a session")
        print(f"opening: {opened / options.sessions * 1e6:.0f} µs CPU a session")
        print(f"dripping: {spent / seconds * 100:.1f} % of a processor for {options.sessions * sent / seconds:.0f} octets/s")
        print(f"in a hurry beside them: {slowest * 1000:.1f} ms at most")
        if options.check and (growth > LARGEST_SESSION * options.sessions or slowest > LONGEST_HURRY):
            sys.exit(f"wanted: at most {LARGEST_SESSION} KB a session, {LONGEST_HURRY} s in a hurry")
    finally:
        house.terminate()
        house.wait()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
