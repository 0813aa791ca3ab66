"""A private Postfix that hands its mail to a private Dovecot by LMTP: the peer that the house is measured beside.

Both run with the durability they ship with, in a directory of their own, on a loopback port of their own. With
`Submission` Postfix also takes mail from those who log in over TLS; Dovecot checks their passwords."""

import base64
import ctypes
import dataclasses
import glob
import grp
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = peer.example.test
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:present
virtual_transport = lmtp:unix:{root}/lmtp
local_recipient_maps =
alias_maps =
alias_database =
maillog_file = {root}/mail.log
maillog_file_prefixes = /tmp, /var, {root}
smtputf8_enable = no
"""

DOVECOT_CONF = """
base_dir = {root}/dovecot
state_dir = {root}/dovecot-state
log_path = {root}/dovecot.log
protocols = lmtp
ssl = no
mail_location = maildir:~/Maildir
first_valid_uid = 1
userdb {{
  driver = static
  args = uid=mail gid=mail home={root}/homes/%n
}}
{passdb}
service lmtp {{
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

NO_PASSWORDS = """
passdb {
  driver = static
  args = nopassword=y
}
"""

SUBMISSION_CF = """
smtpd_tls_chain_files = {keys}/key.pem, {keys}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {root}/auth
smtpd_sasl_auth_enable = yes
"""

# What Debian's commented example of the services has, but for the wrapper mode.
SUBMISSION_PORT = """127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_wrappermode={wrapper}
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"""

# A password that was right is remembered, as Postern does it; the checks of remembered ones stay in the process.
PASSWORDS = """
auth_mechanisms = plain login
auth_cache_size = 10M
auth_cache_ttl = 1 hour
passdb {{
  driver = passwd-file
  args = {root}/passwords
}}
service auth {{
  unix_listener {root}/auth {{
    mode = 0666
  }}
}}
"""


@dataclasses.dataclass
class Submission:
    """Ports for those who log in, and the one who does."""

    starttls: int
    implicit: int
    keys: str  # a folder with key.pem and chain.pem
    address: str
    password: str
    scheme: str  # a key of SCHEMES


def _ssha256(password):
    salt = os.urandom(8)
    return "{SSHA256}" + base64.b64encode(hashlib.sha256(password.encode() + salt).digest() + salt).decode()


def _yescrypt(password):
    """As Postern keeps it: libcrypt's, with Debian's cost."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = library.crypt_gensalt.restype = ctypes.c_char_p
    return "{CRYPT}" + library.crypt(password.encode(), library.crypt_gensalt(b"$y$", 5, None, 0)).decode()


SCHEMES = {"SSHA256": _ssha256, "yescrypt": _yescrypt}


class Peer:
    """Started on creation; `stop` ends both servers."""

    name = "Postfix + Dovecot LMTP"

    def __init__(self, root, port, submission=None):
        self.root, self.port, self.submission = root, port, submission
        for part in ("config", "queue", "data", "homes", "dovecot", "dovecot-state"):
            os.makedirs(f"{root}/{part}", exist_ok=True)
        os.chmod(root, 0o755)
        postfix, mail = pwd.getpwnam("postfix"), pwd.getpwnam("mail")
        os.chown(f"{root}/data", postfix.pw_uid, postfix.pw_gid)
        os.chown(f"{root}/homes", mail.pw_uid, grp.getgrnam("mail").gr_gid)
        with open(f"{root}/config/main.cf", "w") as file:
            file.write(MAIN_CF.format(root=root))
            if submission:
                file.write(SUBMISSION_CF.format(root=root, keys=submission.keys))
        self._write_master_cf()
        with open(f"{root}/dovecot.conf", "w") as file:
            file.write(DOVECOT_CONF.format(root=root, passdb=self._passdb()))
        subprocess.run(["postfix", "-c", f"{root}/config", "check"], check=True, stderr=subprocess.DEVNULL)
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", f"{root}/dovecot.conf"], stderr=subprocess.DEVNULL)
        self._wait(lambda: os.path.exists(f"{root}/lmtp"))
        self.master = subprocess.Popen(
            ["/usr/lib/postfix/sbin/master", "-c", f"{root}/config", "-d"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(lambda: subprocess.run(
            ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], stderr=subprocess.DEVNULL).returncode == 0)

    def _passdb(self):
        if not self.submission:
            return NO_PASSWORDS
        with open(f"{self.root}/passwords", "w") as file:
            file.write(f"{self.submission.address}:{SCHEMES[self.submission.scheme](self.submission.password)}\n")
        return PASSWORDS.format(root=self.root)

    def _write_master_cf(self):
        lines = [f"127.0.0.1:{self.port} inet n - n - - smtpd"]
        if self.submission:
            lines.append(SUBMISSION_PORT.format(port=self.submission.starttls, wrapper="no"))
            lines.append(SUBMISSION_PORT.format(port=self.submission.implicit, wrapper="yes"))
        for line in open("/usr/share/postfix/master.cf.dist"):
            words = line.split()
            if line[0] in "#\n \t" or words[0] in ("smtp", "maildrop", "uucp", "ifmail", "bsmtp", "scalemail-backend", "mailman", "postlog"):
                if words and words[0] == "smtp" and words[1] == "unix":
                    lines.append("smtp unix - - n - - smtp")
                continue
            words[4] = "n"
            lines.append(" ".join(words))
        lines.append("postlog unix-dgram n - n - 1 postlogd")
        with open(f"{self.root}/config/master.cf", "w") as file:
            file.write("\n".join(lines) + "\n")

    @staticmethod
    def _wait(condition, seconds=15):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("the peer did not start")
            time.sleep(0.05)

    def processes(self):
        return [self.master.pid, self.dovecot.pid]

    def delivered(self):
        """Messages in the mailbox."""
        return sum(len(os.listdir(path)) for path in glob.glob(f"{self.root}/homes/*/Maildir/new"))

    def empty(self):
        for path in glob.glob(f"{self.root}/homes/*"):
            shutil.rmtree(path, ignore_errors=True)

    def stop(self):
        for process in (self.master, self.dovecot):
            process.send_signal(signal.SIGTERM)
        for process in (self.master, self.dovecot):
            process.wait()
