#!/usr/bin/env python3
"""Prints Google Benchmark's JSON as a table: the median of each benchmark by threads, the machine's own floors last.

usage: bench_table.py build/bench.json
"""
import json
import re
import sys
from collections import defaultdict


def medians(report):
    """{name: {threads: nanoseconds of processor time that one operation takes one thread}}"""
    found = defaultdict(dict)
    plain = defaultdict(list)
    for run in report["benchmarks"]:
        name = re.sub(r"/(threads:\d+|real_time|process_time|manual_time)", "", run["run_name"])
        threads = run.get("threads", 1)
        scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
        if run.get("aggregate_name") == "median":
            found[name][threads] = run["cpu_time"] * scale
        elif run["run_type"] == "iteration":
            plain[name, threads].append(run["cpu_time"] * scale)
    for (name, threads), times in plain.items():
        if threads not in found[name]:
            found[name][threads] = sorted(times)[len(times) // 2]
    return found


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    found = medians(report)
    if not found:
        print(f"{sys.argv[1]} holds no benchmarks")
        return 1
    threads = sorted({count for by_threads in found.values() for count in by_threads})
    names = sorted(found, key=lambda name: (name.startswith("floor"), name))
    width = max(len(name) for name in names)
    context = report["context"]
    print(f"{context['num_cpus']} processors at {context['mhz_per_cpu']} MHz, load {context.get('load_avg', ['?'])[0]}")
    print("median ns of processor time per operation and thread")
    print(f"{'':{width}}" + "".join(f"{count:>8} thr" for count in threads))
    for name in names:
        cells = (f"{found[name][count]:12.1f}" if count in found[name] else f"{'-':>12}" for count in threads)
        print(f"{name:{width}}" + "".join(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
