#!/usr/bin/env python3
"""tools/narrow_ctest.py: what a developer sees of a run of tests, and what CI reads there."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "narrow_ctest.py"
LONG = "house.ATest." + "WhoseNameIsASentenceOf" * 6 + "TheEnd"
SAID = f"""Test project /somewhere
        Start    1: core.Time.Passes
   1/3 Test    #1: core.Time.Passes {'.' * 90}   Passed    0.02 sec
        Start    2: {LONG}
   2/3 Test    #2: {LONG} ...***Failed    1.50 sec
expected: {'x' * 300}

        Start    3: core.Time.Hangs
   3/3 Test    #3: core.Time.Hangs {'.' * 90}***Timeout 300.01 sec

33% tests passed, 2 tests failed out of 3

Total Test time (real) = 301.53 sec

The following tests FAILED:
\t  2 - {LONG} (Failed)
\t  3 - core.Time.Hangs (Timeout)
Errors while running CTest
"""


def narrowed(text):
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "test.log")
        run = subprocess.run([sys.executable, TOOL, log], input=text, capture_output=True, text=True, check=True)
        return run.stdout.replace(str(log), "LOG"), log.read_text(encoding="utf-8")


class NarrowCtest(unittest.TestCase):
    def setUp(self):
        self.shown, self.log = narrowed(SAID)
        self.lines = self.shown.splitlines()

    def test_fits_120_columns(self):
        self.assertLessEqual(max(map(len, self.lines)), 120)

    def test_keeps_everything_at_full_width_in_the_log(self):
        self.assertEqual(self.log, SAID)

    def test_ends_with_the_failures_and_where_their_output_lies(self):
        at = self.lines.index("Failed:")
        self.assertEqual("".join(line.strip() for line in self.lines[at + 1:-1]),
                         f"{LONG} (Failed)core.Time.Hangs (Timeout)")
        self.assertEqual(self.lines[-1], "What they printed: LOG")

    def test_leaves_the_line_that_ci_reads_as_it_is(self):
        self.assertIn("33% tests passed, 2 tests failed out of 3", self.lines)

    def test_shows_what_a_failed_test_printed(self):
        self.assertIn("x" * 300, "".join(self.lines))

    def test_says_nothing_of_failures_when_there_are_none(self):
        shown, _ = narrowed("1/1 Test #1: core.Time.Passes ...   Passed    0.02 sec\n\n"
                            "100% tests passed, 0 tests failed out of 1\n")
        self.assertEqual(shown.splitlines()[-1], "100% tests passed, 0 tests failed out of 1")


if __name__ == "__main__":
    unittest.main()
