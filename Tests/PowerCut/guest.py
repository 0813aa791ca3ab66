"""Inside the virtual machine of scripts/powercut: starts the house, and then either sends and removes mail until the power
goes, saying of each message what the house has said of it, or counts what is there.

    ACK id    the message was answered with 250
    GO        load is under way
    TRY id    its removal was asked for
    DEL id    its removal was answered with +OK
    HAVE id   it is in the mailbox, whole
    TROUBLE   one line: anything that must not be
    AUDIT n   recipients of whom nobody knows what became
    DONE      the count is complete
"""

import hashlib
import json
import os
import poplib
import re
import socket
import subprocess
import sys
import threading
import time

SMTP, POP3 = 2525, 2110
SETTINGS = "/disk/postern.toml"
PASSWORD = "power"
saying = threading.Lock()


def say(line):
    with saying:
        os.write(1, (line + "\n").encode())


def postern(*words, give=""):
    return subprocess.run(
        ["/usr/bin/postern", *words, "--config", SETTINGS], input=give, capture_output=True, text=True)


def start():
    with open(SETTINGS, "w") as file:
        file.write(f"""[server]
hostname = "mail.example.test"
state = "/disk/state"
[[listen]]
service = "smtp"
address = "127.0.0.1"
port = {SMTP}
tls = "none"
[[listen]]
service = "pop3"
address = "127.0.0.1"
port = {POP3}
tls = "none"
[store]
segment_size = "16MB"
expunge_retention = "0s"
""")
    log = open("/disk/log", "a")
    house = subprocess.Popen(["/usr/bin/postern", "run", "--config", SETTINGS], stdout=log, stderr=log)
    until = time.monotonic() + 120
    while postern("status").returncode != 0:
        if house.poll() is not None or time.monotonic() > until:
            say("TROUBLE the house is not ready: " + open("/disk/log").read()[-2000:].replace("\n", " | "))
            sys.exit(1)
        time.sleep(0.2)
    if "a@example.test" not in postern("account", "list").stdout:
        for words in (["domain", "add", "example.test"], ["account", "add", "a@example.test", "--password-file", "-"]):
            done = postern(*words, give=PASSWORD + "\n")
            if done.returncode != 0:
                say("TROUBLE " + done.stderr.replace("\n", " "))


def body(name, size):
    """Text that its name makes, so that whoever reads it knows whether it is whole."""
    line = hashlib.sha256(name.encode()).hexdigest()
    return (line + "\r\n") * (size // 66)


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", SMTP), timeout=60)
        self.file = self.socket.makefile("rb")
        self.expect("220")
        self.command("EHLO client.example.test", "250")

    def expect(self, code):
        while True:
            line = self.file.readline().decode("latin-1")
            if not line.startswith(code):
                raise OSError("expected " + code + ", got " + line)
            if line[3:4] != "-":
                return

    def command(self, line, code):
        self.socket.sendall((line + "\r\n").encode())
        self.expect(code)

    def send(self, name, size):
        self.command("MAIL FROM:<b@example.test>", "250")
        self.command("RCPT TO:<a@example.test>", "250")
        self.command("DATA", "354")
        text = f"Subject: {name}\r\nX-Size: {size}\r\n\r\n" + body(name, size) + "."
        self.command(text, "250")


def sending(number, run):
    client = Client()
    count = 0
    while True:
        name = f"{run}-{number}-{count}"
        # Every fortieth gets a file of its own.
        client.send(name, 400_000 if count % 40 == 39 else 200 + 700 * (count % 13))
        say("ACK " + name)
        count += 1


def name_of(message):
    head = b"\n".join(message).decode("latin-1")
    found = re.search(r"^Subject: (\S+)$", head, re.M)
    return found.group(1) if found else None


def removing():
    while True:
        box = poplib.POP3("127.0.0.1", POP3, timeout=120)
        box.user("a@example.test")
        box.pass_(PASSWORD)
        names = []
        for index in range(1, min(box.stat()[0], 25) + 1):
            names.append(name_of(box.top(index, 0)[1]))
            box.dele(index)
        for name in names:
            say("TRY " + name)
        box.quit()
        for name in names:
            say("DEL " + name)


def load():
    run = f"{int(time.time() * 1000):x}"
    workers = [threading.Thread(target=sending, args=(number, run), daemon=True) for number in range(6)]
    workers.append(threading.Thread(target=removing, daemon=True))
    for worker in workers:
        worker.start()
    say("GO")
    for worker in workers:
        worker.join()
        say("TROUBLE a worker ended")


def count():
    box = poplib.POP3("127.0.0.1", POP3, timeout=120)
    box.user("a@example.test")
    box.pass_(PASSWORD)
    for index in range(1, box.stat()[0] + 1):
        message = box.retr(index)[1]
        name = name_of(message)
        text = b"\r\n".join(message[message.index(b"") + 1:]).decode("latin-1")
        size = int(re.search(rb"X-Size: (\d+)", b"\n".join(message)).group(1))
        whole = text.rstrip("\r\n") == body(name, size).rstrip("\r\n")
        say(f"HAVE {name}" if whole else f"TROUBLE {name} is not what was sent")
    box.quit()
    verified = postern("verify", "--json")
    if verified.returncode != 0:
        say("TROUBLE verify: " + (verified.stdout + verified.stderr).replace("\n", " "))
    audit = json.loads(postern("status", "--json").stdout)
    say(f"AUDIT {find(audit, 'unaccounted')}")
    say("DONE")


def find(value, key):
    """Wherever it stands in the answer."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            found = find(one, key)
            if found is not None:
                return found
    return None


start()
load() if sys.argv[1] == "load" else count()
