"""A private Dovecot that serves POP3, and takes mail by LMTP: the peer of fetch.py.

It runs in a directory and on loopback ports of its own, with what Debian ships but for what stands below."""

import os
import pwd
import signal
import subprocess
import time

import peer

# LMTP only fills the mailboxes: it need not wait for the disk. A password that was right is remembered, as Postern does
# it. The limits are raised so that no client is turned away or waits for a place.
CONF = """
base_dir = {root}/base
state_dir = {root}/state
log_path = {root}/log
protocols = pop3 lmtp
ssl = yes
ssl_cert = <{keys}/chain.pem
ssl_key = <{keys}/key.pem
mail_location = {location}
first_valid_uid = 1
mail_max_userip_connections = 1000
auth_cache_size = 10M
auth_cache_ttl = 1 hour
userdb {{
  driver = static
  args = uid=mail gid=mail home={root}/homes/%n
}}
passdb {{
  driver = passwd-file
  args = {root}/passwords
}}
protocol lmtp {{
  mail_fsync = never
}}
service lmtp {{
  process_limit = 1000
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service pop3-login {{
  process_limit = 1000
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {plain}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {implicit}
  }}
  {login}
}}
service pop3 {{
  {session}
}}
"""

LOCATIONS = {"mdbox": "mdbox:~/mdbox", "Maildir": "maildir:~/Maildir"}

# How long processes live: (log-in, session). As shipped each serves one client and ends.
FAST_LOGIN = "service_count = 0\n  process_min_avail = 2"
LIVES = {
    "shipped": ("", ""),
    "fast log-in": (FAST_LOGIN, ""),  # Dovecot's "high-performance mode", one for each processor here
    "all kept": (FAST_LOGIN, "service_count = 1000\n  process_min_avail = 2"),
}


class Dovecot:
    """Started on creation; `stop` ends it."""

    def __init__(self, root, port, keys, kind, lives, scheme, addresses, password):
        self.root, self.name = root, f"Dovecot {kind}, {lives}"
        self.ports = {"none": port, "starttls": port, "implicit": port + 1}
        for part in ("base", "state", "homes"):
            os.makedirs(f"{root}/{part}")
        os.chmod(root, 0o755)
        mail = pwd.getpwnam("mail")
        os.chown(f"{root}/homes", mail.pw_uid, mail.pw_gid)
        with open(f"{root}/passwords", "w") as file:
            file.writelines(f"{address}:{peer.SCHEMES[scheme](password)}\n" for address in addresses)
        login, session = LIVES[lives]
        with open(f"{root}/dovecot.conf", "w") as file:
            file.write(CONF.format(
                root=root, keys=keys, location=LOCATIONS[kind], plain=port, implicit=port + 1, login=login, session=session))
        self.process = subprocess.Popen(["dovecot", "-F", "-c", f"{root}/dovecot.conf"], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 15
        while not os.path.exists(f"{root}/lmtp"):
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError(f"{self.name} did not start: see {root}/log")
            time.sleep(0.05)

    def source(self):
        """The words of smtp-source that lead here."""
        return ["-L"], f"unix:{self.root}/lmtp"

    def settle(self, _):
        """LMTP answers when a message is in the mailbox."""

    def warm(self, address, password):
        """The password is checked, no mailbox is opened."""
        subprocess.run(
            ["doveadm", "-c", f"{self.root}/dovecot.conf", "auth", "test", "-x", "service=pop3", address, password],
            check=True, stdout=subprocess.DEVNULL)

    def processes(self):
        return [self.process.pid]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
