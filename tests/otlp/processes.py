"""The processes of a test: the gateway, its service, and the collector. Each is ended by what started it."""
import base64
import http.client
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from otlp_rules import Rules, attributes_of

PATIENCE = 60  # seconds; a test that passes never comes near it


def eventually(so, what):
    """Asks again and again until it is so, and gives what it was."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (found := so()):
            return found
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


class Service:
    """Answers with the next of `answers`, then with 200; keeps the headers of each request. The answer `none` never
    comes."""

    def __init__(self):
        self.answers = []
        self.requests = []
        self.ended = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.requests.append({name.lower(): value for name, value in self.headers.items()})
                status = service.answers.pop(0) if service.answers else 200
                if status == "none":
                    service.ended.wait(PATIENCE)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_POST = do_BREW = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a peer that has left
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class Collector:
    """receiver.py as a process; everything that it gets is checked against the rules."""

    def __init__(self, port=0, tls=(), rules=None):
        self.rules = rules or Rules()
        self.requests = []  # (path, status)
        self.headers = {}   # of the last request
        self.heard = queue.Queue()
        script = Path(__file__).with_name("receiver.py")
        self.process = subprocess.Popen([sys.executable, script, str(port), *tls], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            got = json.loads(line)
            if "heard" in got:
                self.heard.put(got)
                continue
            self.headers = got["headers"]
            if got["status"] == 200:  # what was not taken comes again
                self.rules.request("POST", got["path"], got["headers"], base64.b64decode(got["body"]))
            self.requests.append((got["path"], got["status"]))

    def answer(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        self.heard.get(timeout=PATIENCE)

    def count(self, path, status=200):
        return self.requests.count((path, status))

    def spans_with(self, attribute, value):
        return [span for span in list(self.rules.spans.values()) if attributes_of(span).get(attribute) == value]

    def metric(self, name, **labels):
        point = self.rules.metrics.get((name, tuple(sorted(labels.items()))))
        return point and point.get("asDouble")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class Gateway:
    def __init__(self, binary, service, telemetry, policy="{timeout: 60s}", more=""):
        self.directory = tempfile.mkdtemp(prefix="switchgear-otlp-")
        self.service_port = service.port
        self.policy = policy
        self.more = more
        self.file = os.path.join(self.directory, "gateway.yaml")
        self.write(telemetry)
        self.log_file = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([binary, "serve", "--config", self.file, "--listen", "127.0.0.1:0", "--admin",
                                         "127.0.0.1:0", "--no-watch"], stdout=subprocess.PIPE, stderr=self.log_file,
                                        text=True)
        line = self.process.stdout.readline()
        ports = re.findall(r"http://127\.0\.0\.1:(\d+)", line)
        if len(ports) != 2:
            raise AssertionError(f"the gateway did not start: {line}{self.log()}")
        self.port, self.admin_port = map(int, ports)

    def write(self, telemetry):
        text = (f"version: 1\ngateway: {{threads: 2{self.more}}}\npolicies:\n  p: {self.policy}\nservices:\n"
                f"  shop: {{url: \"http://127.0.0.1:{self.service_port}\", policy: p, routes: [{{prefix: /}}]}}\n")
        if telemetry:
            text += f"telemetry: {telemetry}\n"
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def call(self, path="/", headers=None, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def admin(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            connection.request(method, path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def figure(self, line):
        """The value of a line of /metrics; None if it is not there."""
        found = re.search(rf"^{re.escape(line)} (\S+)$", self.admin("/metrics"), re.MULTILINE)
        return None if found is None else float(found[1])

    def log(self):
        with open(self.log_file.name, encoding="utf-8") as file:
            return file.read()

    def end(self):
        """Its exit code, and the seconds that it took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        return code, time.monotonic() - begun

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log_file.close()
        shutil.rmtree(self.directory, ignore_errors=True)
