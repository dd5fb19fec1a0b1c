#!/usr/bin/env python3
"""Runs clang-tidy on files of this repository and prints every finding once, however many files include its header.

usage: lint.py BUILD JOBS FILE...
BUILD holds compile_commands.json. A file without findings is skipped the next time, unless it, a file of this
repository that it includes, its compiler flags or .clang-tidy has changed; BUILD/clean/ remembers.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

TIDY = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FINDING = re.compile(r"/\S+?:\d+:\d+: (?:warning|error): ")

# The analyzer follows calls into Asio's coroutines and GoogleTest's macros for minutes, and reports ghosts there. It is
# for the rooms that need nothing but the standard library, and not for tests, which run under the sanitizers.
ANALYZED = re.compile(r"switchgear/(core|policy|registry|observe|sync|testing)/.*(?<!_test)\.cpp$")
LIGHT = ["--checks=-clang-analyzer-*"]


def with_includes(name):
    """A file and those of this repository that it includes, directly or not."""
    found, left = {name}, [name]
    while left:
        including = left.pop()
        with open(including, encoding="utf-8") as file:
            included = INCLUDE.findall(file.read())
        for path in included:
            beside = os.path.join(os.path.dirname(including), path)
            known = next((candidate for candidate in (path, beside) if os.path.isfile(candidate)), None)
            if known and known not in found:
                found.add(known)
                left.append(known)
    return sorted(found)


def digest(files, settings):
    """Identifies the input of a verdict: settings and files. `gone` if a file is missing."""
    told = hashlib.sha256(json.dumps(settings).encode())
    for name in files:
        try:
            with open(name, "rb") as file:
                told.update(hashlib.sha256(file.read()).digest())
        except FileNotFoundError:
            return "gone"
    return told.hexdigest()


class Linter:
    def __init__(self, build):
        self.build = build
        self.memory = os.path.join(build, "clean")
        os.makedirs(self.memory, exist_ok=True)
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
            self.commands = {os.path.relpath(command["file"]): command for command in json.load(file)}

    def is_known_clean(self, stamp, settings):
        try:
            with open(stamp, encoding="utf-8") as file:
                remembered = json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return remembered["digest"] == digest(remembered["files"], settings) != "gone"

    def lint(self, name):
        """The output of clang-tidy for a file; empty when it is clean."""
        command = self.commands[name]
        options = [] if ANALYZED.match(name) else LIGHT
        settings = [TIDY, options, command["command"]]
        stamp = os.path.join(self.memory, name.replace("/", "+"))
        if self.is_known_clean(stamp, settings):
            return ""
        files = [".clang-tidy", *with_includes(name)]
        before = digest(files, settings)
        tidy = subprocess.run([TIDY, "--quiet", "-p", self.build, *options, name], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if tidy.returncode != 0:
            return tidy.stdout if FINDING.search(tidy.stdout) else f"{name}: {TIDY} failed\n{tidy.stderr}"
        with open(stamp, "w", encoding="utf-8") as file:
            json.dump({"files": files, "digest": before}, file)
        return ""


def findings(output):
    """The parts of clang-tidy's output, one for each finding with its notes."""
    starts = [match.start() for match in FINDING.finditer(output)] or [0]
    return [output[begin:end].rstrip() for begin, end in zip(starts, starts[1:] + [len(output)])]


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    linter = Linter(sys.argv[1])
    seen = set()
    with ThreadPoolExecutor(int(sys.argv[2])) as pool:
        for output in pool.map(linter.lint, (name for name in sys.argv[3:] if name in linter.commands)):
            for finding in findings(output) if output else []:
                first_line = finding.partition("\n")[0]
                if first_line not in seen:
                    seen.add(first_line)
                    print(finding, flush=True)
    if seen:
        print(f"clang-tidy has {len(seen)} findings")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
