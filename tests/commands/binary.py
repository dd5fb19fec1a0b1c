"""The binary under test, and the files and the gateway that its commands want."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = sys.argv.pop(1)
PATIENCE = 60

POLICIES = """version: 1
gateway: {listen: "127.0.0.1:0", admin: {listen: "127.0.0.1:0", probes: "127.0.0.1:0"%s}}
policies:
  payment: {circuit_breaker: {failure_rate: 0.5, minimum_calls: 5}, timeout: 1s}
  careful: {circuit_breaker: {consecutive_failures: 3}, timeout: 1s}
services:
  payment: {url: "http://127.0.0.1:9", policy: payment, routes: [{prefix: /}]}
"""
TRACE = '{"at":1,"latency":0.1,"verdict":"failure"}\n{"at":2,"latency":0.1,"verdict":"success"}\n'
LOG = '{"time":"2026-11-27T10:00:00.000Z","status":200,"duration":0.01}\n'
CLUSTER = """clusters:
- name: shop
  type: STATIC
  load_assignment:
    endpoints:
    - lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]
"""
SCENARIO = """version: 1
scenario: all is well
chaos: {enabled: true}
gateway: shop.yaml
services: {payment: {latency: 1ms}}
load: {rate: 20, path: /x, duration: 1s}
phases: [{at: 0s, service: payment, errors: 0.0}]
expect: [{breaker: payment, never_opens: true}]
"""


def run(words, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWITCHGEAR_")}
    env.update(more.pop("env", {}))
    return subprocess.run([BINARY, *words], stderr=subprocess.PIPE, timeout=PATIENCE, env=env, check=False, **more)


def helped(words=()):
    """The help of a command, and its own commands."""
    text = run([*words, "--help"]).stdout.decode()
    behind = text.split("Subcommands:\n", 1)
    return text, re.findall(r"^  ([a-z][a-z-]*)", behind[1], re.MULTILINE) if len(behind) == 2 else []


def commands(words=()):
    """Every command that does something, as its words."""
    _, below = helped(words)
    return [each for name in below for each in commands([*words, name])] if below else [list(words)]


class Gateway:
    """`switchgear serve`, with what it says about where it listens."""

    def __init__(self, folder, admin="", stdout=subprocess.PIPE):
        path = os.path.join(folder, "served.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(POLICIES % admin)
        self.stderr = open(os.path.join(folder, "served.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([BINARY, "serve", path], stdout=stdout, stderr=self.stderr, text=True)
        self.url = self.probes = ""
        if stdout == subprocess.PIPE:
            line = self.process.stdout.readline()
            self.url = re.search(r"admin (http://[0-9.:]+)", line)[1]
            self.probes = re.search(r"probes (http://[0-9.:]+)", line)[1]

    def log_with(self, text):
        """The log, once it has the text."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            self.stderr.seek(0)
            log = self.stderr.read()
            if text in log:
                return log
        raise AssertionError(f"not logged: {text}\n{log}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        self.stderr.close()
        return code


class Case(unittest.TestCase):
    """A folder with a file of each kind."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = held.name
        self.policies = self.write("gateway.yaml", POLICIES % "")
        self.trace = self.write("trace.jsonl", TRACE)
        self.cluster = self.write("envoy.yaml", CLUSTER)
        self.log = self.write("access.log", LOG)
        self.write("shop.yaml", POLICIES.split("gateway:")[0] + "policies:" + POLICIES.split("policies:")[1])
        self.scenario = self.write("scenario.yaml", SCENARIO)

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def serve(self, admin=""):
        gateway = Gateway(self.folder, admin)
        self.addCleanup(gateway.end)
        return gateway
