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
from notify import PATIENCE, manager  # noqa: E402
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

    def serve(self, systemd, *flags):
        return process([SWITCHGEAR, "serve", "--no-watch", "--config", self.file, *flags], stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, text=True, env={**os.environ, "NOTIFY_SOCKET": systemd.path})

    def with_takeover(self):
        self.file.write_text(POLICIES.replace("shutdown_delay", f"takeover: {self.file}.sock, shutdown_delay"), encoding="utf-8")

    def follow(self, systemd, main, until):
        """What a unit with NotifyAccess=all makes of the messages: its main process when `until` has come as a key of a
        message. The unit must not begin to stop."""
        while True:
            message, sender = systemd.next_with_sender()
            self.assertNotIn("STOPPING", message, "the unit would end")
            main = int(message.get("MAINPID", main))
            if until in message:
                self.assertEqual(sender, main, "it speaks for itself")
                return main, message

    def test_the_manager_hears_of_a_takeover_and_not_of_the_old_processs_end(self):
        self.with_takeover()
        with manager() as systemd, self.serve(systemd) as first:
            main, _ = self.follow(systemd, None, "READY")
            self.assertEqual(main, first.pid)
            with self.serve(systemd, "--takeover") as second:
                told, sender = systemd.next_with_sender()
                self.assertEqual((told, sender), ({"MAINPID": str(second.pid)}, first.pid), "the old one names the new one")
                self.assertEqual(self.follow(systemd, None, "READY")[0], second.pid)
                self.assertEqual(first.wait(timeout=PATIENCE), 0)
                second.terminate()
                message, sender = systemd.next_with_sender()
                self.assertEqual((message["STOPPING"], sender), ("1", second.pid), "the first thing since")
                self.assertEqual(second.wait(timeout=PATIENCE), 0)

    def test_sigusr2_starts_the_process_that_takes_over(self):
        self.with_takeover()
        with manager() as systemd, self.serve(systemd) as first:
            main, ready = self.follow(systemd, None, "READY")
            admin = int(re.findall(r"127\.0\.0\.1:(\d+)", ready["STATUS"])[1])
            first.send_signal(signal.SIGUSR2)
            successor, ready = self.follow(systemd, main, "READY")
            try:
                self.assertNotEqual(successor, first.pid)
                self.assertEqual(first.wait(timeout=PATIENCE), 0)
                self.assertEqual(int(re.findall(r"127\.0\.0\.1:(\d+)", ready["STATUS"])[1]), admin)
                self.assertEqual(get(admin, "/readyz")[0], 200)
                command = Path(f"/proc/{successor}/cmdline").read_text(encoding="utf-8").split("\0")
                self.assertEqual(command[1:-1], ["serve", "--takeover", "--config", str(self.file), "--no-watch"])
                open_files = [os.readlink(f"/proc/{successor}/fd/{each}") for each in os.listdir(f"/proc/{successor}/fd")]
                self.assertEqual(len([each for each in open_files if each.startswith("anon_inode:[pidfd]")]), 0)
            finally:
                os.kill(successor, signal.SIGTERM)
            self.assertEqual(systemd.next()["STOPPING"], "1")

    def test_a_successor_that_cannot_start_is_told_and_the_old_one_serves_on(self):
        self.with_takeover()
        with manager() as systemd, self.serve(systemd) as first:
            main, ready = self.follow(systemd, None, "READY")
            self.file.write_text("version: 2\n", encoding="utf-8")
            first.send_signal(signal.SIGUSR2)
            said = ""
            while "has ended with exit code 1, and this one serves on" not in said:
                said = first.stderr.readline()
                self.assertTrue(said, "its log ends")
            admin = int(re.findall(r"127\.0\.0\.1:(\d+)", ready["STATUS"])[1])
            self.assertEqual(get(admin, "/readyz")[0], 200)
            self.with_takeover()
            first.send_signal(signal.SIGUSR2)
            successor, _ = self.follow(systemd, main, "READY")
            self.assertEqual(first.wait(timeout=PATIENCE), 0)
            os.kill(successor, signal.SIGTERM)
            self.assertEqual(systemd.next()["STOPPING"], "1")

    def test_sigusr2_without_a_place_for_takeovers_is_an_error_in_the_log(self):
        with manager() as systemd, self.serve(systemd) as serving:
            self.follow(systemd, None, "READY")
            serving.send_signal(signal.SIGUSR2)
            said = ""
            while "SIGUSR2: no process can take over from this one; it needs gateway.takeover" not in said:
                said = serving.stderr.readline()
                self.assertTrue(said, "its log ends")
            serving.terminate()
            self.assertEqual(serving.wait(timeout=PATIENCE), 0)

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
