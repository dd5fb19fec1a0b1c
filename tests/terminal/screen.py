"""A real terminal for a program under test: a pseudo-terminal whose other side is pyte, an emulator that gives the
screen as text. And a real gateway to look at.

Every wait ends when its condition holds, and fails after a minute."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import urllib.error
import urllib.parse
import urllib.request

import pyte

PATIENCE = 60
BINARY = os.environ["SWITCHGEAR_BINARY"]


class Terminal:
    """Runs `words` in a terminal of its own."""

    def __init__(self, words, columns=80, rows=24, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status = None
        keep = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LINES", "COLUMNS", "LC_ALL")}
        env = {**keep, "TERM": "linux", "LANG": "C.UTF-8", **environment}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                # The program starts when the terminal has its size.
                while struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))[0] != rows:
                    time.sleep(0.001)
                os.execve(words[0], words, env)
            finally:
                os._exit(127)
        self.before = termios.tcgetattr(self.master)
        self._set_size(columns, rows)

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self._read(0)
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def signal(self, number):
        os.kill(self.pid, number)

    def _read(self, at_most):
        """False at the end of the output."""
        if not select.select([self.master], [], [], at_most)[0]:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += piece
        self.stream.feed(piece)
        return bool(piece)

    @property
    def lines(self):
        # Not pyte's `display`, which takes the empty right half of a wide character that is half overwritten for an error.
        buffer, columns = self.screen.buffer, range(self.screen.columns)
        return ["".join(buffer[row][at].data for at in columns).rstrip() for row in range(self.screen.lines)]

    @property
    def text(self):
        return "\n".join(self.lines)

    def _holds(self, condition):
        if isinstance(condition, str):
            return condition in self.text
        if isinstance(condition, tuple):
            row, pattern = condition
            return re.search(pattern, self.lines[row]) is not None
        return condition(self)

    def wait_for(self, *conditions):
        """Until all of them hold at once: a screen that is half drawn does not end the wait. A condition is a text that
        the screen must show, a row with a regular expression that it must match, or a function of this terminal."""
        end = time.monotonic() + PATIENCE
        while not all(self._holds(each) for each in conditions):
            if time.monotonic() > end or not self._read(0.2):
                missing = [each for each in conditions if not self._holds(each)]
                raise AssertionError(f"{missing} did not come; the screen is\n{self.text}")
        return self

    def wait_for_line(self, text, pattern):
        """Until the first line with `text` matches."""
        return self.wait_for(lambda it: re.search(pattern, it.line_with(text)))

    def column_of(self, row, character):
        cells = self.screen.buffer[row]
        return next((at for at in range(self.screen.columns) if cells[at].data == character), None)

    def line_with(self, text):
        return next((line for line in self.lines if text in line), "")

    def wait_for_end(self):
        """The exit code, or minus the signal that ended it."""
        end = time.monotonic() + PATIENCE
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"it does not end; the screen is\n{self.text}")
        while select.select([self.master], [], [], 0)[0] and self._read(0):
            pass
        return self.status

    def is_restored(self):
        """The modes are those of before, the cursor is shown, attributes are off, the screen is left."""
        after = termios.tcgetattr(self.master)
        return after == self.before and not self.screen.cursor.hidden

    def colours(self):
        return {cell.fg for row in self.screen.buffer.values() for cell in row.values()} - {"default"}

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self.master)


class Gateway:
    """`switchgear serve` with ports of the system's choice. Its services refuse connections, so that requests fail."""

    POLICY = "careful: {timeout: 2s, circuit_breaker: {window: {type: count, size: 10}, minimum_calls: 4," \
             " failure_rate: 0.5, open_duration: 60s}, retry: {max_attempts: 2, base: 1ms}," \
             " bulkhead: {max_concurrent: 50}}"

    def __init__(self, services, token="", port=0, admin_port=0, more=""):
        """`more`: of each service, in YAML."""
        self.directory = tempfile.TemporaryDirectory(prefix="switchgear-terminal-")
        token_key = f', token: "{token}"' if token else ""
        text = f"version: 1\ngateway: {{threads: 1{token_key}}}\npolicies:\n  {self.POLICY}\nservices:\n"
        for number, name in enumerate(services):
            text += f'  {json.dumps(name)}: {{url: "http://127.0.0.1:1", policy: careful,'
            text += f" routes: [{{prefix: /s{number}/}}]{more}}}\n"
        self.file = os.path.join(self.directory.name, "gateway.yaml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        self.token = token
        self._start(port, admin_port)

    def _start(self, port, admin_port):
        self.log = open(os.path.join(self.directory.name, "log"), "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.file, "--listen", f"127.0.0.1:{port}", "--admin",
             f"127.0.0.1:{admin_port}"], stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        ports = re.search(r"serves http\S*?:(\d+).*admin http\S*?:(\d+)", line)
        if not ports:
            self.end()
            with open(self.log.name, encoding="utf-8") as log:
                raise AssertionError(f"the gateway did not start: {line}{log.read()}")
        serves, admin = ports.groups()
        self.port, self.admin_port = int(serves), int(admin)
        self.admin = f"http://127.0.0.1:{self.admin_port}"

    def start_again(self):
        """On the same ports, after end()."""
        self._start(self.port, self.admin_port)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def fail(self, number, times=4):
        for _ in range(times):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/s{number}/", timeout=PATIENCE).read()
            except urllib.error.HTTPError as answer:
                answer.close()

    def command(self, name, command):
        url = f"{self.admin}/circuit-breakers/{urllib.parse.quote(name, safe='')}/{command}"
        request = urllib.request.Request(url, method="POST", headers={"Authorization": f"Bearer {self.token}"})
        urllib.request.urlopen(request, timeout=PATIENCE).close()

    def close(self):
        self.end()
        self.directory.cleanup()


class Puppet:
    """A program with an admin server whose breakers may have names that no configuration would allow."""

    def __init__(self, names):
        self.process = subprocess.Popen([os.environ["SWITCHGEAR_PUPPET"]],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.admin = f"http://127.0.0.1:{int(self.process.stdout.readline().split()[1])}"
        for name in names:
            self.process.stdin.write(b"add " + name + b"\n")
            self.process.stdin.flush()
            self.process.stdout.readline()

    def close(self):
        self.process.kill()
        self.process.communicate()
