"""Starts the programs that the tests of deploy/ and `./dev observe` need, on loopback, and ends them again."""
import contextlib
import http.client
import json
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds, for what takes a moment on an idle machine


@contextlib.contextmanager
def process(command, **options):
    with subprocess.Popen(command, **options) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                started.kill()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(port, target, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def eventually(what, check):
    """The first result of `check` that is not None."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = check()
        if result is not None:
            return result
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def is_ready(program, port, target):
    """Whether it answers 200; an AssertionError when it has ended instead."""
    if program.poll() is not None:
        raise AssertionError(f"{program.args[0]} has ended")
    with contextlib.suppress(OSError):
        return True if get(port, target)[0] == 200 else None
    return None


@contextlib.contextmanager
def prometheus(directory, admin_port, alertmanager_port=None):
    """One that scrapes the gateway once a second and evaluates the rules of deploy/; yields its port."""
    rules = [str(ROOT / "deploy/prometheus" / name) for name in ("rules.yaml", "alerts.yaml")]
    config = Path(directory) / "prometheus.yaml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [{"job_name": "switchgear", "static_configs": [{"targets": [f"127.0.0.1:{admin_port}"]}]}],
        **({"alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]}}
           if alertmanager_port else {}),
    }), encoding="utf-8")
    port = free_port()
    with process(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                  f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL) as running:
        eventually("Prometheus is ready", lambda: is_ready(running, port, "/-/ready"))
        yield port


@contextlib.contextmanager
def alertmanager(directory):
    """One that shows alerts and sends them nowhere; yields its port."""
    config = Path(directory) / "alertmanager.yaml"
    config.write_text(json.dumps({"route": {"receiver": "none", "group_by": ["circuit"]},
                                  "receivers": [{"name": "none"}]}), encoding="utf-8")
    port = free_port()
    with process(["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={directory}/alertmanager",
                  f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL) as running:
        eventually("Alertmanager is ready", lambda: is_ready(running, port, "/-/ready"))
        yield port
