#!/usr/bin/env python3
"""Starts the shop of `switchgear demo` behind its gateway, Prometheus and Alertmanager, and prints where they are.
Prometheus reads the shop's metrics: its breakers are in that process.

usage: observe.py SWITCHGEAR     until Ctrl-C, or SIGTERM
"""
import re
import signal
import subprocess
import sys
import tempfile

from programs import alertmanager, process, prometheus


def stop(*_):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, stop)
    try:
        with tempfile.TemporaryDirectory() as directory, \
                process([sys.argv[1], "demo"], stdout=subprocess.PIPE, text=True) as shop:
            ports = {}
            while len(ports) < 2:
                line = shop.stdout.readline()
                if not line:
                    print("the shop has ended", file=sys.stderr)
                    return 1
                if found := re.match(r"(dashboard|gateway) +http://127\.0\.0\.1:(\d+)", line):
                    ports[found[1]] = int(found[2])
            with alertmanager(directory) as alerts, prometheus(directory, ports["dashboard"], alerts) as metrics:
                print(f"gateway       http://127.0.0.1:{ports['gateway']}/api/users/7\n"
                      f"dashboard     http://127.0.0.1:{ports['dashboard']}/dashboard\n"
                      f"Prometheus    http://127.0.0.1:{metrics}/alerts\n"
                      f"Alertmanager  http://127.0.0.1:{alerts}", flush=True)
                for line in shop.stdout:  # so that the shop never waits for a reader
                    print(line, end="", flush=True)
        return 0
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
