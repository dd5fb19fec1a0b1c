#!/usr/bin/env python3
"""`switchgear status --watch` in pipes, as shells use it: a real gateway, real processes."""
import json
import signal
import subprocess
import unittest

from screen import BINARY, PATIENCE, Gateway


class Watch(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway(("inventory", "payment"))
        self.addCleanup(self.gateway.close)

    def watch(self, *words):
        process = subprocess.Popen([BINARY, "status", "--watch", "--admin", self.gateway.admin, *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def test_prints_each_change_at_once_into_a_pipe(self):
        watch = self.watch()
        self.assertRegex(watch.stdout.readline(), r"^\d{4}-\d\d-\d\dT\S+Z  inventory  closed ")
        self.assertRegex(watch.stdout.readline(), r"Z  payment    closed ")
        self.gateway.fail(1)
        line = watch.stdout.readline()
        self.assertRegex(line, r"Z  payment    open  .* failures 100\.0% .* retry in \d+\.\ds  "
                               r"\(closed -> open by failure_rate\)$")
        self.gateway.command("payment", "reset")
        self.assertRegex(watch.stdout.readline(), r"payment    closed .*\(open -> closed by operator\)")

    def test_prints_one_breaker_as_json_lines(self):
        watch = self.watch("payment", "--json")
        first = json.loads(watch.stdout.readline())
        self.assertEqual((first["event"], first["circuit_breaker"]["name"]), ("breaker", "payment"))
        self.gateway.command("inventory", "force-open")
        self.gateway.command("payment", "force-open")
        change = json.loads(watch.stdout.readline())
        self.assertEqual((change["event"], change["circuit_breaker"]["state"]), ("change", "forced_open"))
        self.assertEqual(change["circuit_breaker"]["policy"]["open_duration"], 60)

    def test_an_interval_prints_samples_as_well(self):
        watch = self.watch("payment", "--interval", "100ms", "--json")
        events = [json.loads(watch.stdout.readline())["event"] for _ in range(4)]
        self.assertEqual(events, ["breaker", "sample", "sample", "sample"])

    def test_ends_quietly_when_its_reader_leaves_even_if_it_has_nothing_to_say(self):
        watch = self.watch()
        watch.stdout.readline()
        watch.stdout.close()
        self.assertEqual(watch.wait(PATIENCE), 0)
        self.assertEqual(watch.stderr.read(), "")

    def test_ends_quietly_in_a_pipeline_of_a_shell(self):
        pipeline = f"set -o pipefail; '{BINARY}' status --watch --admin {self.gateway.admin} | head -1"
        ran = subprocess.run(["bash", "-c", pipeline], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(ran.stdout.count("\n"), 1)

    def test_goes_on_after_a_restart_and_tells_what_has_changed(self):
        self.gateway.command("payment", "force-open")
        watch = self.watch()
        watch.stdout.readline()
        self.assertIn("forced_open", watch.stdout.readline())
        self.gateway.end()
        self.gateway.start_again()
        self.assertRegex(watch.stdout.readline(), r"payment    closed ")
        self.assertRegex(watch.stderr.readline(), r"^lost http://127.0.0.1:\d+: .*; trying again$")
        self.assertRegex(watch.stderr.readline(), r"^connected to http://127.0.0.1:\d+ again$")

    def test_does_as_interrupted_programs_do(self):
        watch = self.watch()
        watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(PATIENCE), -signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
