"""A directory of a million accounts: how long the house takes to start with it, what it holds in memory, and what a look-up
of an address costs the store.

    directory.py --programs FOLDER [--accounts N] [--check]

10,000 domains, an alias for every tenth account. Looked up is by RCPT: each address once, so that the router knows none of
them, three times as many as its memory holds. --check: ends with 1 when a threshold is missed.
"""

import argparse
import os
import shutil
import socket
import sqlite3
import tempfile
import time

from house import TICKS, House, clear, judge

DOMAINS = 10_000
LOOK_UPS = 300_000
BATCH = 1_000
# What is wanted of a million accounts.
SECONDS_TO_START, OCTETS_OF_STORE, MICROSECONDS = 10.0, 1 << 30, 50.0
# Of the router, whatever the number of accounts: it remembers 100,000 addresses and as many domains on each loop.
OCTETS_OF_ROUTER = 200 << 20


def fill(path, accounts):
    """Writes the directory into the index, as the store's own changes would leave it."""
    base = sqlite3.connect(path)
    base.execute("PRAGMA synchronous = OFF")
    verifier = "4096,ERebFlcvFRQgH+kJo1uzhw==,UTe0+YdQJ8sHpqcx3ADlaAyXpb7JCsL4tg4XvM5CB0w=,"
    verifier += "9jQCdRKdXr2KRCw6nhxheYPb5t//JefCGQJZGqJIZVs="
    first = base.execute("SELECT MAX(id) FROM accounts").fetchone()[0] + 1

    def address(number):
        return f"user{number}@d{number % DOMAINS}.example.test"

    with base:
        base.executemany("INSERT INTO domains (name) VALUES (?)", ((f"d{n}.example.test",) for n in range(DOMAINS)))
        base.executemany(
            "INSERT INTO accounts (id, address, folded, domain, credential, created_at, kind)"
            " VALUES (?, ?, ?, ?, '$y$j9T$salt$hash', 0, 'user')",
            ((first + n, address(n), address(n), f"d{n % DOMAINS}.example.test") for n in range(accounts)))
        base.executemany(
            "INSERT INTO mailboxes (account, name, uidvalidity, uidnext, highestmodseq, messages, octets)"
            " VALUES (?, 'INBOX', 1, 1, 1, 0, 0)", ((first + n,) for n in range(accounts)))
        base.executemany(
            "INSERT INTO credentials (kind, account, verifier) VALUES ('SCRAM-SHA-256', ?, ?)",
            ((first + n, "{SCRAM-SHA-256}" + verifier) for n in range(accounts)))
        base.executemany(
            "INSERT INTO aliases (folded, place, address, domain, target, folded_target) VALUES (?, 0, ?, ?, ?, ?)",
            ((f"alias{n}@d{n % DOMAINS}.example.test", f"alias{n}@d{n % DOMAINS}.example.test",
              f"d{n % DOMAINS}.example.test", address(n), address(n)) for n in range(0, accounts, 10)))
    base.close()
    return address


def room(house, name):
    """The process of a room."""
    for line in open(f"/proc/{house.process.pid}/task/{house.process.pid}/children").read().split():
        if open(f"/proc/{line}/comm").read().strip() == f"postern-{name}"[:15]:
            return int(line)
    raise RuntimeError(f"there is no room {name}")


def memory(pid, what="VmRSS"):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(what + ":"):
            return int(line.split()[1]) << 10
    return 0


def seconds_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:13]) / TICKS


class Restarted(House):
    """The same house again, on the state that it has."""

    def _command(self, *words, text=None):
        return None


def look_up(port, addresses):
    """Asks for each by RCPT; every one must be taken. A session that brings no mail is not suffered for long."""
    for start in range(0, len(addresses), BATCH):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            stream = connection.makefile("rwb")
            stream.readline()
            lines = ["EHLO client.example.test", "MAIL FROM:<sender@elsewhere.test>"]
            lines += [f"RCPT TO:<{address}>" for address in addresses[start:start + BATCH]]
            stream.write("".join(line + "\r\n" for line in lines).encode())
            stream.flush()
            for _ in lines:
                while (reply := stream.readline())[3:4] == b"-":
                    pass
                if not reply.startswith(b"250"):
                    raise RuntimeError(f"refused: {reply}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--programs", required=True)
    arguments.add_argument("--accounts", type=int, default=1_000_000)
    arguments.add_argument("--check", action="store_true", help="exit 1 when something is slower or larger than wanted")
    options = arguments.parse_args()
    programs, accounts = options.programs, options.accounts
    root = tempfile.mkdtemp(prefix="postern-directory-", dir="/var/tmp")
    os.chmod(root, 0o755)
    house, missed = None, []
    try:
        begun = time.monotonic()
        house = House(root, 2525, programs)
        empty = time.monotonic() - begun
        house.stop()
        index = f"{root}/state/store/index.sqlite"
        owner = os.stat(index)
        address = fill(index, accounts)
        for name in os.listdir(os.path.dirname(index)):
            if name.startswith("index.sqlite"):
                os.chown(f"{os.path.dirname(index)}/{name}", owner.st_uid, owner.st_gid)
        os.remove(f"{root}/log")
        begun = time.monotonic()
        house = Restarted(root, 2525, programs)
        full = time.monotonic() - begun
        store, router = room(house, "store"), room(house, "router")
        peak, before = memory(store, "VmHWM"), memory(router)
        count = min(LOOK_UPS, accounts)
        step = max(1, accounts // count)
        spent, begun = seconds_of(store), time.monotonic()
        look_up(2525, [address(number * step) for number in range(count)])
        each = (seconds_of(store) - spent) / count * 1e6
        rate = count / (time.monotonic() - begun)
        print(f"accounts                      {accounts:>12,}")
        print(f"index                         {os.path.getsize(index) >> 20:>12,} MB")
        print(f"start, empty                  {empty:>12.2f} s, with three commands")
        print(f"start                         {full:>12.2f} s")
        print(f"store: memory, most at start  {memory(store) >> 20:>12,} MB, {peak >> 20:,} MB")
        print(f"router: memory before, after  {before >> 20:>12,} MB, {memory(router) >> 20:,} MB")
        print(f"looked up                     {rate:>12,.0f} a second, by RCPT")
        print(f"store: processor a look-up    {each:>12.1f} µs, with the road")
        for name, value, most in (
                ("seconds to start", full, SECONDS_TO_START), ("octets of the store", peak, OCTETS_OF_STORE),
                ("octets of the router", memory(router), OCTETS_OF_ROUTER), ("µs a look-up", each, MICROSECONDS)):
            if value > most:
                missed.append(f"{name}: {value:,.1f} instead of {most:,.1f}")
    finally:
        if house:
            clear([house], root)
        shutil.rmtree(root, ignore_errors=True)
    judge(missed, options.check)


main()
