"""A million messages in one mailbox, and ten thousand mailboxes in one account: how large the index becomes, how long it
takes to open, to list and to delete. Mail comes in as people bring it: by postern import, from an mbox and from a Maildir.
Nobody stands beside us; the limits are what somebody who waits would bear."""

import argparse
import json
import os
import shutil
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from house import House, clear, judge  # noqa: E402

# Seconds.
WANTED = {"open": 10, "LIST": 5, "UIDL": 5, "delete 10,000": 5, "list mailboxes": 5}


class Client:
    """POP3, as quick as its server."""

    def __init__(self, port, user, password):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.file = self.socket.makefile("rb", buffering=1 << 20)
        self.file.readline()
        self.say(f"USER {user}")
        begun = time.monotonic()
        answer = self.say(f"PASS {password}")
        if not answer.startswith(b"+OK"):
            raise RuntimeError(f"{user}: {answer}")
        self.opened = time.monotonic() - begun

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.file.readline()

    def lines(self, line):
        self.say(line)
        count = 0
        while self.file.readline() != b".\r\n":
            count += 1
        return count


class Report:
    def __init__(self):
        self.missed = []

    def took(self, name, seconds, note=""):
        print(f"{name:<28} {seconds:>9.3f} s  {note}", flush=True)
        if seconds > WANTED.get(name, seconds):
            self.missed.append(f"{name}: {seconds:.1f} s, wanted {WANTED[name]} s")

    def timed(self, name, body):
        begun = time.monotonic()
        value = body()
        self.took(name, time.monotonic() - begun)
        return value


def index_size(root):
    folder = f"{root}/house/state/store"
    return sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder) if name.startswith("index.sqlite"))


def write_mbox(path, count):
    with open(path, "w") as file:
        for number in range(count):
            file.write(
                f"From a@b.example Sat Nov 21 10:00:00 2026\nFrom: a@b.example\nSubject: number {number}\n"
                f"Message-ID: <{number}@b.example>\n\nline {number}\n\n")


def write_maildir(path, count):
    os.makedirs(f"{path}/cur"), os.makedirs(f"{path}/new"), os.makedirs(f"{path}/tmp")
    for number in range(count):
        place = f"{path}/.box{number:05}"
        for part in ("cur", "new", "tmp"):
            os.makedirs(f"{place}/{part}")
        with open(f"{place}/cur/1700000000.{number}.host:2,S", "w") as file:
            file.write(f"Subject: number {number}\n\nx\n")


def one_mailbox(house, root, count, report):
    write_mbox(f"{root}/mbox", count)
    before = index_size(root)
    report.timed(f"import {count:,}", lambda: house._command("import", house.address, f"{root}/mbox", "--json"))
    os.remove(f"{root}/mbox")
    print(f"{'index':<28} {(index_size(root) - before) / count:>9.0f} octets a message")
    for turn in ("open", "open again"):
        client = Client(house.pop3, house.address, house.password)
        report.took(turn, client.opened)
        if turn == "open":
            client.say("QUIT")
    assert report.timed("LIST", lambda: client.lines("LIST")) == count
    assert report.timed("UIDL", lambda: client.lines("UIDL")) == count
    client.socket.sendall(b"".join(b"DELE %d\r\n" % (index + 1) for index in range(10_000)))
    for _ in range(10_000):
        assert client.file.readline().startswith(b"+OK")
    assert report.timed("delete 10,000", lambda: client.say("QUIT")).startswith(b"+OK")


def many_mailboxes(house, root, count, report):
    write_maildir(f"{root}/maildir", count)
    house.add("bob@example.test")
    before = index_size(root)
    report.timed(f"import {count:,} mailboxes",
                 lambda: house._command("import", "bob@example.test", f"{root}/maildir", "--json"))
    shutil.rmtree(f"{root}/maildir")
    print(f"{'index':<28} {(index_size(root) - before) / count:>9.0f} octets a mailbox with a message")
    listed = report.timed(
        "list mailboxes", lambda: json.loads(house._command("mailbox", "list", "bob@example.test", "--json")))
    assert len(listed) >= count, len(listed)
    begun = time.monotonic()
    for number in range(100):
        house._command("mailbox", "delete", "bob@example.test", f"box{number:05}", "--yes")
    report.took("delete one mailbox", (time.monotonic() - begun) / 100, "with a command of its own")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="folder of the release build")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--mailboxes", type=int, default=9_990, help="an account has 10,000 at most")
    parser.add_argument("--check", action="store_true", help="exit 1 when something takes too long")
    options = parser.parse_args()
    root = f"/var/tmp/postern-bench-{os.getpid()}"
    os.makedirs(root)
    pop3 = 20036
    house = House(
        f"{root}/house", 20035, options.programs,
        f'[[listen]]\nservice = "pop3"\naddress = "127.0.0.1"\nport = {pop3}\ntls = "none"\n')
    house.pop3 = pop3
    report = Report()
    try:
        one_mailbox(house, root, options.messages, report)
        many_mailboxes(house, root, options.mailboxes, report)
    finally:
        clear([house], root)
    judge(report.missed, options.check)


if __name__ == "__main__":
    main()
