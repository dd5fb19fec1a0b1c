#!/usr/bin/env python3
"""How long a user's compiler takes for a small program: the least of several runs, in seconds of processor time.

usage: compile_cost.py COMPILER SOURCES
SOURCES is the root of this repository; the programs are bench/compile/*.cpp.
"""
import glob
import os
import resource
import subprocess
import sys
import tempfile

RUNS = 5


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def least(compiler, root, program):
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, "-std=c++20", "-O2", "-I", root, "-c", program, "-o", os.path.join(folder, "program.o")]
        times = []
        for _ in range(RUNS):
            before = spent()
            subprocess.run(command, check=True)
            times.append(spent() - before)
        return min(times)


def main():
    compiler, root = sys.argv[1:]
    for program in sorted(glob.glob(os.path.join(root, "bench/compile/*.cpp"))):
        name = os.path.splitext(os.path.basename(program))[0]
        print(f"{name:16} {least(compiler, root, program):.2f} s")


if __name__ == "__main__":
    main()
