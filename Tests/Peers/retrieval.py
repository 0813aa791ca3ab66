"""2,000 messages of every awkward form go in by BDAT and come out by POP3, through the clients that people use.

    retrieval.py SMTP-PORT POP3-PORT PASSWORD FOLDER

A strict reader of our own takes every octet first; what it got must be what was sent, behind the trace fields. Each client
must then have got the same messages, whole: octet for octet where it hands them over as they came (curl), and otherwise but
for the ends of lines, which these clients write as LF. What a client cannot read whoever serves it, stays out of its account:
those that divide lines at a lone LF take a dot behind one for the end of the message, and C strings end at a NUL."""

import collections
import hashlib
import os
import poplib
import random
import signal
import socket
import subprocess
import sys

# getmail waits for SIGCHLD, which whoever runs this may have blocked.
signal.pthread_sigmask(signal.SIG_SETMASK, [])

SMTP, POP3, PASSWORD, FOLDER = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
COUNT = 2_000
poplib._MAXLINE = 1 << 20  # its own guard is far below what mail has
anything = random.Random(7)


def head(number):
    return b"Subject: awkward %d\r\nFrom: a@b.example\r\n\r\n" % number


def strange(number):
    """What mail should not have and sometimes has."""
    forms = [
        lambda: b"", lambda: b"\r", lambda: b"\n", lambda: b".\r\n", lambda: head(number) + b"\0\0\0\r\n.\0\r\n",
        lambda: head(number) + bytes(range(256)) + b"\r\n",
        lambda: head(number) + b"lone\rreturns\r\r\n.\r\n\r",
        lambda: head(number) + b"lone\nfeeds\n.\n\n.x\r\n.\r\n\n",
        lambda: bytes(anything.choice(b"\r\n..\r\n.ab\n\r\0\xff") for _ in range(anything.randrange(3_000))),
    ]
    return forms[number % len(forms)]()


def ordinary(number):
    """Awkward, but in lines."""
    forms = [
        lambda: b"", lambda: b".\r\n", lambda: b"..\r\n.\r\n...\r\n. \r\n.a\r\n", lambda: b"no line end",
        lambda: b"dot at the end\r\n.", lambda: b"x" * (4_000 + number) + b"\r\n",
        lambda: bytes(range(0x80, 0x100)) + b"\r\n\r\n\r\n", lambda: "Grüße aus Köln ✉\r\n".encode() * 5,
        lambda: b"From the beginning\r\n>From here\r\n\r\nFrom there\r\n", lambda: b" \r\n\t\r\n \t \r\n",
        lambda: b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
        lambda: b"".join(bytes(anything.randrange(0x20, 0x7F) for _ in range(77)) + b"\r\n"
                         for _ in range(anything.randrange(1_000 if number % 97 == 0 else 30))),
    ]
    return head(number) + forms[number % len(forms)]()


class Lines:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb", buffering=1 << 20)

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        octets = b""
        while not octets.endswith(b"\r\n"):
            more = self.file.readline()
            assert more, "the connection ended"
            octets += more
        return octets[:-2]

    def smtp(self, code):
        while (line := self.line())[3:4] == b"-":
            pass
        assert line.startswith(code), line


def send(account, messages):
    server = Lines(SMTP)
    server.smtp(b"220")
    server.send(b"EHLO client.test\r\n")
    server.smtp(b"250")
    for message in messages:
        server.send(
            b"MAIL FROM:<s@remote.test> BODY=BINARYMIME\r\nRCPT TO:<%s@example.test>\r\nBDAT %d LAST\r\n"
            % (account.encode(), len(message)) + message)
        for _ in range(3):
            server.smtp(b"250")
    server.send(b"QUIT\r\n")
    server.smtp(b"221")


def read(account, messages):
    """By RFC 1939 alone: lines end at CRLF, dots are unstuffed. Gives the messages as the server has them."""
    server = Lines(POP3)
    server.line()
    server.send(b"USER %s@example.test\r\nPASS %s\r\n" % (account.encode(), PASSWORD.encode()))
    for _ in range(2):
        assert server.line().startswith(b"+OK")
    server.send(b"".join(b"RETR %d\r\n" % (index + 1) for index in range(len(messages))))
    found = []
    for message in messages:
        size = int(server.line().split()[1])
        lines = []
        while (line := server.line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        octets = b"".join(line + b"\r\n" for line in lines)
        # The server ends the last line where the message did not.
        octets = octets[:size] if len(octets) in (size, size + 2) else octets
        assert len(octets) == size, (len(octets), size)
        begin = octets.index(b"Received: ")
        while True:
            begin = octets.index(b"\r\n", begin) + 2
            if octets[begin:begin + 1] not in (b" ", b"\t"):
                break
        assert octets[begin:] == message, (octets[begin:][:100], message[:100])
        found.append(octets)
    server.send(b"QUIT\r\n")
    assert server.line().startswith(b"+OK")
    return found


def plain(octets):
    """Without what these clients do to ends of lines, and to the end of the message."""
    return hashlib.sha256(octets.replace(b"\r\n", b"\n").rstrip(b"\n")).digest()


def compare(client, got, expected, same=plain):
    got, wanted = collections.Counter(map(same, got)), collections.Counter(map(same, expected))
    missing, strange_ones = sum((wanted - got).values()), sum((got - wanted).values())
    if missing or strange_ones:
        sys.exit(f"{client}: {missing} of {len(expected)} messages are missing or changed, {strange_ones} are others")
    print(f"{client}: {len(expected)}")


def files(folder):
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            with open(f"{place}/{name}", "rb") as file:
                found.append(file.read())
    return found


def write(name, text):
    path = f"{FOLDER}/{name}"
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def run(client, *words):
    environment = dict(os.environ, HOME=FOLDER, XDG_CONFIG_HOME=FOLDER, LC_ALL="C.UTF-8")
    done = subprocess.run(words, capture_output=True, env=environment, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{client}: exit {done.returncode}: {(done.stdout + done.stderr)[-1000:]}")


def folder(name):
    path = f"{FOLDER}/{name}"
    for part in ("", "/cur", "/new", "/tmp"):
        os.makedirs(path + part)
    return path


def by_curl(account, expected):
    place = folder("curl")
    lines = [f'user = "{account}@example.test:{PASSWORD}"']
    for index in range(len(expected)):
        lines += [f'url = "pop3://127.0.0.1:{POP3}/{index + 1}"', f'output = "{place}/cur/{index}"']
    run("curl", "curl", "-s", "-S", "-K", write("curlrc", "\n".join(lines) + "\n"))
    ended = [octets if octets.endswith(b"\r\n") else octets + b"\r\n" for octets in expected]
    compare("curl", files(place), ended, same=lambda octets: hashlib.sha256(octets).digest())


def by_poplib(account, expected):
    box = poplib.POP3("127.0.0.1", POP3, timeout=60)
    box.user(f"{account}@example.test")
    box.pass_(PASSWORD)
    compare("poplib", [b"\n".join(box.retr(index + 1)[1]) for index in range(len(expected))], expected)
    box.quit()


def by_fetchmail(account, expected):
    place = folder("fetchmail")
    settings = write("fetchmailrc", f"""
set invisible
poll 127.0.0.1 proto pop3 port {POP3} auth password user "{account}@example.test" password "{PASSWORD}" \
fetchall keep no rewrite sslproto "" mda "sh -c 'cat > $(mktemp {place}/cur/XXXXXXXXXX)'"
""")
    run("fetchmail", "fetchmail", "-f", settings, "--pidfile", f"{FOLDER}/pid", "-i", f"{FOLDER}/ids")
    compare("fetchmail", files(place), expected)


def by_getmail(account, expected):
    place = folder("getmail")
    settings = write("getmailrc", f"""
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = {POP3}
username = {account}@example.test
password = {PASSWORD}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp {place}/cur/XXXXXXXXXX)")
allow_root_commands = true
[options]
delete = false
delivered_to = false
received = false
""")
    run("getmail", "getmail", "-g", FOLDER, "-r", settings)
    # It writes an empty line for the Return-Path that it takes out, and its own in front.
    compare("getmail", files(place), expected, same=lambda octets: plain(without_path(octets)))


def without_path(octets):
    lines = octets.replace(b"\r\n", b"\n").split(b"\n")
    return b"\n".join(line for line in lines if not line.lower().startswith(b"return-path:"))


def by_mpop(account, expected):
    place = folder("mpop")
    settings = write("mpoprc", f"""
account default
host 127.0.0.1
port {POP3}
tls off
auth user
user {account}@example.test
passwordeval echo '{PASSWORD}'
uidls_file {FOLDER}/uidls
delivery maildir {place}
received_header off
keep on
""")
    run("mpop", "mpop", "-C", settings, "-Q")
    compare("mpop", files(place), expected)


# alice has everything that there is; bob what comes in lines.
everything = [strange(number) if number % 2 else ordinary(number) for number in range(COUNT)]
in_lines = [ordinary(number) for number in range(COUNT)]
send("alice", everything)
send("bob", in_lines)
by_curl("alice", read("alice", everything))
stored = read("bob", in_lines)
for client in (by_poplib, by_fetchmail, by_getmail, by_mpop):
    client("bob", stored)
