#!/usr/bin/env python3
"""What is under deploy/ works with the real programs: promtool, Prometheus and a running gateway.

usage: deploy_test.py SWITCHGEAR
"""
import contextlib
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import grafana_dashboards  # noqa: E402
from programs import ROOT, eventually, get, process, prometheus  # noqa: E402

SWITCHGEAR = ""

# What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "20s", "$job": "switchgear", "$instance": ".*", "$circuit": ".*", "$service": ".*"}

POLICIES = """
version: 1
gateway: {listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
policies:
  flaky:
    circuit_breaker: {window: {type: count, size: 10}, minimum_calls: 5, failure_rate: 0.5, open_duration: 1s}
    retry: {max_attempts: 2, base: 1ms, budget: {ratio: 0.01, min_per_second: 0.1}}
    hedge: {delay: 20ms}
    bulkhead: {max_concurrent: 50, max_queue: 10, max_wait: 100ms}
    rate_limiter: {rate: 1000, burst: 100}
    timeout: 2s
    chaos: {enabled: true, delay: {probability: 0.2, min: 30ms, max: 50ms}}
    fallback: {queue: {max: 3}}
  steady:
    circuit_breaker: {failure_rate: 0.5}
    adaptive_limit: {}
    admission: {}
    cache: {ttl: 1s}
    timeout: 2s
    fallback: {cache: {max_stale: 1m}}
services:
  flaky: {url: "http://127.0.0.1:PORT", routes: [{prefix: /flaky/}], policy: flaky}
  steady: {url: "http://127.0.0.1:PORT", routes: [{prefix: /steady/}], policy: steady}
"""


class Upstream(http.server.BaseHTTPRequestHandler):
    """`/flaky/` fails whenever `failing` is set; the rest answers well."""
    protocol_version = "HTTP/1.1"
    failing = threading.Event()

    def do_GET(self):
        bad = self.path.startswith("/flaky/") and self.failing.is_set()
        body = b"{}"
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET

    def log_message(self, *_):
        pass


class UpstreamServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # the gateway closes the connection of a hedge that has lost


@contextlib.contextmanager
def upstream():
    server = UpstreamServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def gateway(directory, service_port):
    """Yields the ports of the gateway and of its admin server."""
    file = Path(directory) / "gateway.yaml"
    file.write_text(POLICIES.replace("PORT", str(service_port)), encoding="utf-8")
    with process([SWITCHGEAR, "serve", "--config", file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                 text=True) as serving:
        ready = serving.stdout.readline()
        port, admin = map(int, re.findall(r"127\.0\.0\.1:(\d+)", ready))
        yield port, admin


def ask(port, expression):
    """The samples of an instant query."""
    status, body = get(port, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    answer = json.loads(body)
    if status != 200 or answer["status"] != "success":
        raise AssertionError(f"{expression}: {answer}")
    return answer["data"]["result"]


def in_place(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


class Traffic:
    """Until it is stopped: requests to both services, good and bad times in turn, and now and then a command."""

    def __init__(self, port, admin):
        self.port, self.admin = port, admin
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def run(self):
        number = 0
        while not self.over.wait(0.05):
            number += 1
            (Upstream.failing.set if number // 40 % 2 == 0 else Upstream.failing.clear)()
            for path in ("/flaky/items", f"/steady/items/{number % 3}"):
                get(self.port, path)
            get(self.port, "/flaky/orders", "PUT")  # stored while the service fails
            if number % 20 == 0:
                get(self.admin, "/circuit-breakers/steady/reset", "POST")


class Deploy(unittest.TestCase):
    def run_promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_promtool_accepts_rules_and_alerts_and_the_example(self):
        self.run_promtool("check", "rules", "deploy/prometheus/rules.yaml", "deploy/prometheus/alerts.yaml")
        self.run_promtool("check", "config", "deploy/prometheus/prometheus.yaml")

    def test_every_alert_fires_when_it_should_and_only_then(self):
        self.run_promtool("test", "rules", "tests/deploy/alerts_test.yaml")
        alerts = set(re.findall(r"- alert: (\w+)", (ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8")))
        tested = set(re.findall(r"alertname: (\w+)", (ROOT / "tests/deploy/alerts_test.yaml").read_text(encoding="utf-8")))
        self.assertEqual(alerts, tested)

    def test_dashboards_are_what_the_tool_writes(self):
        for name in grafana_dashboards.DASHBOARDS:
            file = ROOT / "deploy/grafana" / f"{name}.json"
            self.assertEqual(file.read_text(encoding="utf-8"), grafana_dashboards.text_of(name),
                             f"{file}: run tools/grafana_dashboards.py")

    def test_dashboards_are_classic_and_need_no_plugin(self):
        core = {"row", "stat", "table", "timeseries", "state-timeline", "heatmap"}
        seen = set()
        for file in sorted((ROOT / "deploy/grafana").glob("*.json")):
            document = json.loads(file.read_text(encoding="utf-8"))
            self.assertEqual(document["schemaVersion"], 39)
            self.assertNotIn(document["uid"], seen)
            seen.add(document["uid"])
            numbers = [panel["id"] for panel in document["panels"]]
            self.assertEqual(len(numbers), len(set(numbers)), file)
            for panel in document["panels"]:
                self.assertIn(panel["type"], core, panel["title"])
                self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], 24, panel["title"])
                for target in panel.get("targets", ()):
                    self.assertEqual(target["datasource"]["uid"], "${DS_PROMETHEUS}")
        self.assertEqual(len(seen), 4)

    def test_every_query_parses_and_finds_data_of_a_running_gateway(self):
        queries = [query for build in grafana_dashboards.DASHBOARDS.values()
                   for query in grafana_dashboards.expressions(build())]
        recorded = re.findall(r"- record: (\S+)", (ROOT / "deploy/prometheus/rules.yaml").read_text(encoding="utf-8"))
        queries += [(f"rules.yaml, {name}", name) for name in recorded]
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "queries.json"
            file.write_text(json.dumps({"groups": [{"name": "queries", "rules": [
                {"record": f"query_{i}", "expr": in_place(expression)} for i, (_, expression) in enumerate(queries)
            ]}]}), encoding="utf-8")
            self.run_promtool("check", "rules", str(file))
            with upstream() as service, gateway(directory, service) as (port, admin), \
                    prometheus(directory, admin) as prom, Traffic(port, admin):
                for place, expression in queries:
                    with self.subTest(place):
                        eventually(f"data for {expression}", lambda: ask(prom, in_place(expression)) or None)
                eventually("the alert for an opening", lambda: ask(prom, 'ALERTS{alertname="CircuitBreakerOpened"}') or None)

    def test_observe_brings_an_opening_of_the_shop_to_alertmanager_and_ends_everything(self):
        with process([sys.executable, str(ROOT / "tools/observe.py"), SWITCHGEAR], stdout=subprocess.PIPE,
                     stderr=subprocess.DEVNULL, text=True) as observing:
            ports = [int(re.search(r"http://127\.0\.0\.1:(\d+)", observing.stdout.readline())[1]) for _ in range(4)]
            drained = threading.Thread(target=observing.stdout.read)
            drained.start()
            eventually("an alert in Alertmanager", lambda: any(
                alert["labels"]["alertname"] == "CircuitBreakerOpened"
                for alert in json.loads(get(ports[3], "/api/v2/alerts")[1])) or None)
            observing.terminate()
            self.assertEqual(observing.wait(), 0)
            drained.join()
            for port in ports:
                with self.assertRaises(ConnectionRefusedError):
                    get(port, "/")


if __name__ == "__main__":
    SWITCHGEAR = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
