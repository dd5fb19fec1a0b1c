#!/usr/bin/env python3
"""Prints ctest's output in at most 120 columns: one line for each test, the output of failed tests, and, at the end, their
names and the file with the output at full width.

usage: ctest --output-on-failure ... | narrow_ctest.py LOG
"""
import re
import sys

WIDTH = 120
STARTS = re.compile(r"\s*Start\s+\d+: ")
RESULT = re.compile(r"\s*(\d+/\d+) Test\s+#\d+: (.+?) \.*\s*(Passed|\*\*\*.*?)\s+([\d.]+) sec\s*$")
FAILED = re.compile(r"\s*\d+ - (.+) \((.+)\)(?: .*)?$")


def shortened(text, width):
    """The beginning and the end of a text that is too long; tests of one room differ at both."""
    if len(text) <= width:
        return text
    left = (width - 1) // 2
    return text[:left] + "…" + text[len(text) - (width - 1 - left):]


def result_line(match):
    number, name, verdict, seconds = match.groups()
    head = f"{number:>9}  {verdict.strip('* ').lower():<7} {float(seconds):7.2f} s  "
    return head + shortened(name, WIDTH - len(head))


def folded(line):
    line = line.expandtabs(4)
    return [line[at:at + WIDTH] for at in range(0, len(line), WIDTH)] or [""]


class Narrowing:
    def __init__(self):
        self.failed = []
        self.within_list = False

    def __call__(self, line):
        """The lines to print for one of ctest's."""
        if line.startswith("The following tests FAILED:"):
            self.within_list = True
            return []
        if self.within_list:
            if match := FAILED.match(line):
                self.failed.append(f"{match[1]} ({match[2]})")
            return []
        if STARTS.match(line):
            return []
        if match := RESULT.match(line):
            return [result_line(match)]
        return folded(line)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    narrow = Narrowing()
    with open(sys.argv[1], "w", encoding="utf-8") as log:
        for line in sys.stdin:
            log.write(line)
            for out in narrow(line.rstrip("\n")):
                print(out, flush=True)
    if narrow.failed:
        print("Failed:")
        for name in narrow.failed:
            print("\n".join(folded("  " + name)))
        print(f"What they printed: {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
