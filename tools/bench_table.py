#!/usr/bin/env python3
"""Prints Google Benchmark's JSON as a table: the median of each benchmark by threads, how many times the floor of a
shared counter in the same run that is, and the machine's own floors last.

usage: bench_table.py build/bench.json
"""
import json
import re
import sys
from collections import defaultdict

FLOOR = "floor/state load + shared fetch_add"


def medians(report):
    """{name: {threads: nanoseconds of processor time that one operation takes one thread}}"""
    found = defaultdict(dict)
    plain = defaultdict(list)
    for run in report["benchmarks"]:
        if run.get("error_occurred"):
            continue
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
    errors = sorted({f"{run['name']}: {run['error_message']}"
                     for run in report["benchmarks"] if run.get("error_occurred")})
    for error in errors:
        print(error)
    if not found:
        print(f"{sys.argv[1]} holds no benchmarks")
        return 1
    threads = sorted({count for by_threads in found.values() for count in by_threads})
    names = sorted(found, key=lambda name: (name.startswith("floor"), name))
    width = max(len(name) for name in names)
    context = report["context"]
    print(f"{context['num_cpus']} processors at {context['mhz_per_cpu']} MHz, load {context.get('load_avg', ['?'])[0]}")
    print("median ns of processor time per operation and thread, and times the floor of one shared fetch_add")
    print(f"{'':{width}}" + "".join(f"{count:>8} thr" for count in threads) +
          "".join(f"{f'x floor, {count}':>14}" for count in threads))
    floor = found.get(FLOOR, {})
    for name in names:
        times = (f"{found[name][count]:12.1f}" if count in found[name] else f"{'-':>12}" for count in threads)
        ratios = (f"{found[name][count] / floor[count]:14.2f}" if count in found[name] and count in floor
                  else f"{'-':>14}" for count in threads)
        print(f"{name:{width}}" + "".join(times) + "".join(ratios))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
