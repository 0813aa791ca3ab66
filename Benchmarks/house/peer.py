"""A private Postfix that hands its mail to a private Dovecot by LMTP: the peer that the house is measured beside.

Both run with the durability they ship with, in a directory of their own, on a loopback port of their own."""

import glob
import grp
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
passdb {{
  driver = static
  args = nopassword=y
}}
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


class Peer:
    """Started on creation; `stop` ends both servers."""

    name = "Postfix + Dovecot LMTP"

    def __init__(self, root, port):
        self.root, self.port = root, port
        for part in ("config", "queue", "data", "homes", "dovecot", "dovecot-state"):
            os.makedirs(f"{root}/{part}", exist_ok=True)
        os.chmod(root, 0o755)
        postfix, mail = pwd.getpwnam("postfix"), pwd.getpwnam("mail")
        os.chown(f"{root}/data", postfix.pw_uid, postfix.pw_gid)
        os.chown(f"{root}/homes", mail.pw_uid, grp.getgrnam("mail").gr_gid)
        with open(f"{root}/config/main.cf", "w") as file:
            file.write(MAIN_CF.format(root=root))
        self._write_master_cf()
        with open(f"{root}/dovecot.conf", "w") as file:
            file.write(DOVECOT_CONF.format(root=root))
        subprocess.run(["postfix", "-c", f"{root}/config", "check"], check=True, stderr=subprocess.DEVNULL)
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", f"{root}/dovecot.conf"], stderr=subprocess.DEVNULL)
        self._wait(lambda: os.path.exists(f"{root}/lmtp"))
        self.master = subprocess.Popen(
            ["/usr/lib/postfix/sbin/master", "-c", f"{root}/config", "-d"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(lambda: subprocess.run(
            ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], stderr=subprocess.DEVNULL).returncode == 0)

    def _write_master_cf(self):
        lines = [f"127.0.0.1:{self.port} inet n - n - - smtpd"]
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
