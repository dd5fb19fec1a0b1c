"""A real redis-server for one test, on a port of its own, which keeps nothing on disk."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class RedisServer:
    def __init__(self):
        self._directory = tempfile.mkdtemp(prefix="switchgear-redis-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", self._directory], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError("redis-server did not start")
            time.sleep(0.02)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100) == b"+PONG\r\n"
        except OSError:
            return False

    def signal(self, number):
        os.kill(self._process.pid, number)

    def close(self):
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)
