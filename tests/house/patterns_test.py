#!/usr/bin/env python3
"""The policy files of docs/patterns.md: each mistake is found by `switchgear prove`, and its cure is free of it. That of
docs/design-your-own.md keeps what the page says of it.

usage: patterns_test.py EXAMPLES BINARY
"""
import json
import subprocess
import sys
import unittest
from pathlib import Path

EXAMPLES, BINARY = Path(sys.argv[1]), sys.argv[2]
FOLDER = EXAMPLES / "patterns"
CALLS_A_SECOND = "1"


def proof(name, folder=FOLDER, rate=("--rate", CALLS_A_SECOND)):
    """What prove says of that file, by policy and by service; its exit code."""
    done = subprocess.run([BINARY, "prove", "--config", folder / f"{name}.yaml", *rate, "--json"],
                          capture_output=True, text=True, timeout=60)
    said = json.loads(done.stdout)
    return {**said["policies"], **said["services"]}, done.returncode


def findings(name):
    said, _ = proof(name)
    return {finding["kind"] for one in said.values() for finding in one["findings"]}


class Patterns(unittest.TestCase):
    def assert_is_cured(self, pattern, finding):
        self.assertIn(finding, findings(f"{pattern}.wrong"))
        self.assertNotIn(finding, findings(f"{pattern}.right"))

    def assert_opens_when_right(self, pattern):
        for of, code, opens in (("wrong", 1, False), ("right", 0, True)):
            said, ended = proof(f"{pattern}.{of}")
            self.assertEqual(ended, code, of)
            self.assertEqual([one["can_open"] for one in said.values()], [opens], of)

    def test_retries_at_every_level(self):
        for of, attempts in (("wrong", 27), ("right", 3)):
            said, _ = proof(f"retries_at_every_level.{of}")
            self.assertEqual(said["shop"]["chain"]["amplification"], attempts)

    def test_a_retry_for_every_failure(self):
        self.assert_is_cured("a_retry_for_every_failure", "unlimited_retries")

    def test_slower_than_the_timeout(self):
        self.assert_opens_when_right("slower_than_the_timeout")

    def test_too_quiet_for_its_window(self):
        self.assert_opens_when_right("too_quiet_for_its_window")

    def test_the_caller_gives_up_first(self):
        self.assert_is_cured("the_caller_gives_up_first", "gives_up_first")

    def test_one_that_hangs_takes_all(self):
        self.assert_is_cured("one_that_hangs_takes_all", "unbounded_in_flight")
        self.assert_opens_when_right("one_that_hangs_takes_all")

    def test_no_limit_of_time(self):
        self.assert_is_cured("no_limit_of_time", "unbounded_latency")

    def test_that_there_is_a_test_for_each_pair(self):
        named = {path.name.split(".")[0] for path in FOLDER.glob("*.yaml")}
        self.assertEqual(named - {name.removeprefix("test_") for name in dir(self)}, set())


class Design(unittest.TestCase):
    def test_that_it_is_accepted_and_keeps_its_figures(self):
        said, code = proof("checkout", EXAMPLES / "design", rate=())
        self.assertEqual(code, 0)
        self.assertEqual([finding for one in said.values() for finding in one["findings"]], [])
        payment, page = said["payment"], said["checkout"]
        self.assertEqual((payment["worst_latency"], payment["amplification"]), (1.1, 2))
        self.assertAlmostEqual(payment["load"]["steady"], 1.1)
        self.assertEqual((page["worst_latency"], page["chain"]["amplification"]), (1.5, 2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
