"""The access logs of nginx, HAProxy and the gateway itself, recorded and replayed. Arguments: BINARY NGINX HAPROXY"""
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

BINARY, NGINX, HAPROXY = (sys.argv.pop(1) for _ in range(3))
PATIENCE = 60
TIMEOUT = 1
SLOW = 0.25
# Paths of the service below, and how a log that has everything tells of them.
STORY = ["/ok"] * 6 + ["/slow", "/fail", "/cut", "/hang"] + ["/fail"] * 4
OUTCOMES = {"/ok": ("success", None), "/slow": ("success", None), "/fail": ("failure", "http_error"),
            "/cut": ("failure", "connection_error"), "/hang": ("failure", "timeout")}


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a proxy that has waited long enough closes the connection


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_GET(self):
        if self.path == "/cut":
            self.close_connection = True
            return
        if self.path == "/hang":
            self.released.wait(PATIENCE)
            self.close_connection = True
            return
        if self.path == "/slow":
            time.sleep(SLOW)  # what is measured, not waited for
        self.send_response(503 if self.path == "/fail" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, *_):
        pass


def nginx_text(port, upstream, log):
    return (f"user root; daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;\nevents {{}}\nhttp {{\n"
            "log_format timed '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
            "\"$http_referer\" \"$http_user_agent\" rt=$request_time';\n"
            f"access_log {log} timed; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; "
            f"scgi_temp_path s;\nserver {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream}; "
            f"proxy_read_timeout {TIMEOUT}s; }} }} }}\n")


def haproxy_text(descriptor, upstream):
    return ("global\n  log stdout format raw local0\ndefaults\n  mode http\n  log global\n  option httplog\n  timeout connect 60s\n"
            f"  timeout client 60s\n  timeout server {TIMEOUT}s\nfrontend front\n  bind fd@{descriptor}\n"
            f"  default_backend pay\nbackend pay\n  server one 127.0.0.1:{upstream}\n")


def routed_text(upstream):
    """/fail is a route with a policy of its own, whose breaker is inside the service's."""
    return ("version: 1\ngateway: {listen: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\npolicies:\n"
            f"  p: {{timeout: {TIMEOUT}s, circuit_breaker: {{consecutive_failures: 9, open_duration: 1h}}}}\n"
            f"  careful: {{timeout: {TIMEOUT}s, circuit_breaker: {{consecutive_failures: 2, open_duration: 1h}}}}\n"
            f"services:\n  pay:\n    url: \"http://127.0.0.1:{upstream}\"\n    policy: p\n"
            "    routes: [{prefix: /}, {prefix: /fail, policy: careful}]\n")


def gateway_text(upstream, log, kind):
    return ("version: 1\ngateway: {listen: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\n"
            f"log: {{access: {{file: {log}, format: {kind}}}}}\npolicies:\n  p:\n    timeout: {TIMEOUT}s\n"
            "    circuit_breaker: {consecutive_failures: 4, open_duration: 1h}\n"
            f"services:\n  pay: {{url: \"http://127.0.0.1:{upstream}\", policy: p, routes: [{{prefix: /}}]}}\n")


class Logs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="switchgear-record-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.server = Quiet(("127.0.0.1", 0), Service)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(Service.released.set)
        Service.released.clear()
        self.upstream = self.server.server_address[1]
        self.log = os.path.join(self.folder, "access.log")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def start(self, command, **more):
        process = subprocess.Popen(command, **more)
        self.addCleanup(process.wait, timeout=PATIENCE)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        return process

    def listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        os.set_inheritable(listener.fileno(), True)
        self.addCleanup(listener.close)
        return listener

    def tell(self, port):
        for path in STORY:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()

    def lines(self, least):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if os.path.exists(self.log):
                with open(self.log, encoding="ascii", errors="replace") as file:
                    lines = [line for line in file if "HTTP/1.1" in line]
                if len(lines) >= least:
                    return
            time.sleep(0.02)
        self.fail(f"the log never had {least} lines")

    def record(self, kind, *more):
        trace = os.path.join(self.folder, "trace.jsonl")
        ran = subprocess.run([BINARY, "record", "--from-log", kind, self.log, "--out", trace, *more], capture_output=True,
                             text=True, timeout=PATIENCE, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        with open(trace, encoding="ascii") as file:
            calls = [json.loads(line) for line in file]
        return trace, calls, ran.stderr

    def expect_kinds(self, calls, story=tuple(STORY)):
        """Two starts that are closer than the log's clock is exact may come in either order."""
        def key(outcome):
            return (outcome[0], outcome[1] or "")
        self.assertEqual(sorted(((call["verdict"], call.get("type")) for call in calls), key=key),
                         sorted((OUTCOMES[path] for path in story), key=key))

    def expect(self, calls, story=tuple(STORY)):
        self.assertEqual([(call["verdict"], call.get("type")) for call in calls], [OUTCOMES[path] for path in story])
        for call, path in zip(calls, story):
            if path == "/slow":
                self.assertGreaterEqual(call["latency"], SLOW - 0.005)
            if path == "/hang":
                self.assertGreaterEqual(call["latency"], TIMEOUT - 0.005)

    def replay(self, trace):
        policy = self.write("policy.yaml", "version: 1\npolicies:\n  p:\n    circuit_breaker: {consecutive_failures: 4, "
                                           "open_duration: 1h}\n")
        ran = subprocess.run([BINARY, "replay", "--config", policy, "--policy", "p", trace, "--json"], capture_output=True,
                             text=True, timeout=PATIENCE, check=True)
        return json.loads(ran.stdout.splitlines()[-1])

    def test_nginx(self):
        listener = self.listener()
        port = listener.getsockname()[1]
        conf = self.write("nginx.conf", nginx_text(port, self.upstream, self.log))
        self.start([NGINX, "-p", self.folder, "-c", conf], close_fds=False,
                   env={**os.environ, "NGINX": f"{listener.fileno()};"})
        listener.close()
        self.tell(port)
        self.lines(len(STORY))
        trace, calls, said = self.record("nginx")
        self.expect_kinds(calls)
        self.assertIn(f"{len(STORY)} calls", said)
        self.assertEqual(self.replay(trace)["opened"], 1)

    def test_haproxy(self):
        listener = self.listener()
        conf = self.write("haproxy.cfg", haproxy_text(listener.fileno(), self.upstream))
        with open(self.log, "w", encoding="ascii") as log:
            self.start([HAPROXY, "-db", "-f", conf], close_fds=False, stdout=log, stderr=subprocess.DEVNULL)
        port = listener.getsockname()[1]
        listener.close()
        self.tell(port)
        self.lines(len(STORY))
        trace, calls, _ = self.record("haproxy", "--service", "pay")
        self.expect(calls)
        self.assertEqual(self.replay(trace)["opened"], 1)

    def serve(self, text=None):
        config = self.write("gateway.yaml", text or gateway_text(self.upstream, self.log, "text"))
        process = self.start([BINARY, "serve", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        serving = process.stdout.readline()
        return (int(re.search(r"serves http://127\.0\.0\.1:(\d+)", serving)[1]),
                re.search(r"admin (http://127\.0\.0\.1:\d+)", serving)[1])

    def recording(self, admin):
        with urllib.request.urlopen(f"{admin}/traces", timeout=PATIENCE) as answer:
            return json.load(answer)["traces"]

    def wait_for(self, found, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found():
                return
            time.sleep(0.02)
        self.fail(f"never: {what}")

    def test_a_running_gateway_until_it_is_interrupted(self):
        port, admin = self.serve()
        trace = os.path.join(self.folder, "trace.jsonl")
        recorder = subprocess.Popen([BINARY, "record", "pay", "--for", "1h", "--out", trace, "--admin", admin],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(recorder.kill)
        self.wait_for(lambda: self.recording(admin), "it records")
        self.tell(port)
        self.wait_for(lambda: self.recording(admin)[0]["calls"] == len(STORY), "all calls are there")
        recorder.send_signal(signal.SIGINT)
        _, said = recorder.communicate(timeout=PATIENCE)
        self.assertEqual(recorder.returncode, 0, said)
        self.assertIn(f"{len(STORY)} calls, {len(STORY) - 11} of them refused", said)
        with open(trace, encoding="ascii") as file:
            calls = [json.loads(line) for line in file]
        self.expect(calls[:11], STORY[:11])
        self.assertEqual([call["verdict"] for call in calls[11:]], ["refused"] * (len(STORY) - 11))
        self.assertEqual(self.replay(trace)["opened"], 1)
        self.assertTrue(self.recording(admin)[0]["over"])

    def test_a_running_gateway_whose_breaker_has_another_inside(self):
        port, admin = self.serve(routed_text(self.upstream))
        trace = os.path.join(self.folder, "trace.jsonl")
        recorder = subprocess.Popen([BINARY, "record", "pay", "--for", "1h", "--out", trace, "--admin", admin],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(recorder.kill)
        self.wait_for(lambda: self.recording(admin), "it records")
        self.tell(port)
        self.wait_for(lambda: self.recording(admin)[0]["calls"] == len(STORY), "all calls are there")
        recorder.send_signal(signal.SIGINT)
        _, said = recorder.communicate(timeout=PATIENCE)
        self.assertEqual(recorder.returncode, 0, said)
        with open(trace, encoding="ascii") as file:
            calls = [json.loads(line) for line in file]
        by_route = [call["verdict"] for call in calls if call.get("route_policy") == "careful"]
        self.assertEqual(by_route, ["failure"] * 2 + ["refused"] * 3)
        others = [path for path in STORY if path != "/fail"]
        self.expect([call for call in calls if "route_policy" not in call], others)
        ran = subprocess.run([BINARY, "replay", "--config", os.path.join(self.folder, "gateway.yaml"), "--service", "pay",
                              trace, "--json"], capture_output=True, text=True, timeout=PATIENCE, check=True)
        summary = json.loads(ran.stdout.splitlines()[-1])
        self.assertEqual((summary["opened"], summary["failures"], summary["ignored"]), (0, 4, 3))
        careful = summary["routes"]["careful"]
        self.assertEqual((careful["opened"], careful["failures"], careful["rejected"]), (1, 2, 3))

    def test_a_running_gateway_for_a_time_and_what_can_go_wrong(self):
        port, admin = self.serve()

        def record(*arguments):
            return subprocess.run([BINARY, "record", *arguments, "--admin", admin], capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
        quiet = record("pay", "--for", "100ms")
        self.assertEqual((quiet.returncode, quiet.stderr), (1, "pay: no call came\n"))
        self.assertEqual(record("nothing", "--for", "1s").returncode, 1)
        self.assertEqual(record("pay", "--for", "25h").returncode, 2)
        self.assertEqual(record().returncode, 2)
        begun = time.monotonic()
        unwritable = record("pay", "--for", "1h", "--out", os.path.join(self.folder, "no", "such", "file"))
        self.assertEqual(unwritable.returncode, 1)
        self.assertIn("cannot be written", unwritable.stderr)
        self.assertLess(time.monotonic() - begun, PATIENCE, "it says so at the start")
        self.assertEqual(record("pay", "--service", "pay").returncode, 2)
        gone = subprocess.run([BINARY, "record", "pay", "--admin", "http://127.0.0.1:1"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(gone.returncode, 3)
        stopping = threading.Event()

        def call():
            while not stopping.is_set():
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                connection.request("GET", "/ok")
                connection.getresponse().read()
                connection.close()

        caller = threading.Thread(target=call, daemon=True)
        caller.start()
        full = record("pay", "--for", "1h", "--most", "5")
        stopping.set()
        caller.join(PATIENCE)
        self.assertEqual(full.returncode, 0, full.stderr)
        self.assertEqual(full.stdout.count("\n"), 5)

    def test_the_gateway_itself(self):
        for kind in ("text", "json"):
            with self.subTest(kind):
                if os.path.exists(self.log):
                    os.unlink(self.log)
                config = self.write("gateway.yaml", gateway_text(self.upstream, self.log, kind))
                process = self.start([BINARY, "serve", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                self.addCleanup(process.stdout.close)
                port = int(re.search(r"serves http://127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
                self.tell(port)
                self.lines(len(STORY))
                trace, calls, said = self.record("switchgear", "--service", "pay")
                # The breaker opened after the fourth failure, and refused the rest: those calls were not made.
                self.expect_kinds(calls, STORY[:11])
                self.assertIn(f"left out: {len(STORY) - 11} lines of requests that were not sent to a service", said)
                self.assertEqual(self.replay(trace)["opened"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
