#!/usr/bin/env python3
"""`switchgear serve` under a service manager that it tells of its life, as systemd's units with Type=notify want it.

usage: notify_test.py SWITCHGEAR
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from notify import manager  # noqa: E402
from programs import get, process  # noqa: E402

SWITCHGEAR = ""
POLICIES = """
version: 1
gateway: {listen: "127.0.0.1:0", admin: "127.0.0.1:0", shutdown_delay: 1s, limits: {drain_timeout: 7s}}
policies: {p: {timeout: 1s}}
services: {s: {url: "http://127.0.0.1:1", routes: [{prefix: /}], policy: p}}
"""


class Notify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "gateway.yaml"
        self.file.write_text(POLICIES, encoding="utf-8")

    def test_the_manager_hears_of_start_reload_and_end(self):
        with manager() as systemd, \
                process([SWITCHGEAR, "serve", "--no-watch", "--config", self.file], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "NOTIFY_SOCKET": systemd.path}) as serving:
            ready = systemd.next()
            self.assertEqual((ready["READY"], ready["MAINPID"]), ("1", str(serving.pid)))
            self.assertIn("serves http://127.0.0.1:", ready["STATUS"])
            admin = int(re.findall(r"127\.0\.0\.1:(\d+)", ready["STATUS"])[1])
            self.assertEqual(get(admin, "/readyz")[0], 200, "it is ready when it says so")

            serving.send_signal(signal.SIGHUP)
            self.assertEqual(systemd.next()["RELOADING"], "1")
            self.assertEqual(systemd.next()["READY"], "1")

            self.file.write_text(POLICIES.replace("timeout: 1s}", "timeout: 1}"), encoding="utf-8")
            self.assertEqual(get(admin, "/reload", "POST")[0], 422)
            reloading = systemd.next()
            self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
            self.assertIn("the last reload was refused", systemd.next()["STATUS"])

            serving.terminate()
            delayed = systemd.next()
            self.assertEqual((delayed["STOPPING"], delayed["EXTEND_TIMEOUT_USEC"]), ("1", "21000000"))
            self.assertEqual(systemd.next()["EXTEND_TIMEOUT_USEC"], "27000000")
            self.assertEqual(serving.wait(), 0)

    def test_the_manager_is_told_nothing_by_a_gateway_that_cannot_start(self):
        self.file.write_text("version: 2\n", encoding="utf-8")
        with manager() as systemd:
            ended = subprocess.run([SWITCHGEAR, "serve", "--config", self.file], capture_output=True, check=False,
                                   env={**os.environ, "NOTIFY_SOCKET": systemd.path})
            self.assertEqual(ended.returncode, 1)
            systemd.listening.setblocking(False)
            self.assertRaises(BlockingIOError, systemd.next)


if __name__ == "__main__":
    SWITCHGEAR = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
