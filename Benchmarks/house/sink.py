"""Postfix's smtp-sink: a server that answers and keeps nothing. What it takes of the same load is what this machine's
kernel, loopback and load leave to anybody; the house is measured against that too, so that a budget means the same on
every machine."""

import os
import signal
import subprocess
import time


class Sink:
    """Started on creation; `stop` ends it."""

    name = "smtp-sink, keeps nothing"

    def __init__(self, port, program):
        self.port = port
        drop = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [program, *drop, f"127.0.0.1:{port}", "200"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not self._listens():
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError(f"{program} does not listen on port {port}")
            time.sleep(0.02)

    def _listens(self):
        """By /proc: a connection would be a client."""
        wanted = f":{self.port:04X} "
        with open("/proc/net/tcp") as lines:
            return any(wanted in line and " 0A " in line for line in lines)

    def processes(self):
        return [self.process.pid]

    def empty(self):
        pass

    def delivered(self):
        """Everything that was accepted is as well delivered as it will ever be."""
        return float("inf")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
