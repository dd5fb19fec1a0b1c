#!/usr/bin/env python3
"""The gateway beside Debian's nginx and HAProxy before three instances of a service, in plain text and with TLS on both sides.

Each proxy has one thread on a core of its own; load and instances are on another. Connections are kept on both sides; `new`
asks for each request on a new connection. The gateway guards the service with a breaker, judges its instances and checks
their health; HAProxy checks their health; Debian's nginx only notices failed requests. A connection to an instance has
5 s. Rounds are interleaved; medians.

  CPU     µs of the proxy's process for a request, from /proc/PID/stat
  p99     µs as wrk saw it, which asks as fast as it is answered
  MiB     VmRSS while 1,000 and 10,000 connections are open and in use, and what went wrong meanwhile

usage: bench/instances.py [--rounds 7] [--seconds 3] [--crowds] [--binary build/release/switchgear]
`--crowds`: only the 1,000 and 10,000 connections. Writes build/instances.json. Needs nginx, haproxy, wrk, openssl: `./dev bench instances`.
"""
import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONNECTIONS = 32
CROWDS = (1000, 10_000)
BODY = "x" * 128
PATIENCE = 30


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port, what, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"instances.py: nothing listens on port {port} ({what}): {log.read_text()}")


class Bench:
    def __init__(self, folder, binary):
        self.folder, self.binary = Path(folder), binary
        self.core, self.load_core = sorted(os.sched_getaffinity(0))[:2]
        self.started = []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.file("key.pem"),
                        "-out", self.file("cert.pem")], check=True, capture_output=True)
        self.file("both.pem").write_text(self.file("cert.pem").read_text() + self.file("key.pem").read_text())

    def file(self, name):
        return self.folder / name

    def start(self, name, core, *words):
        log = open(self.file(f"{name}.log"), "w", encoding="utf-8")
        process = subprocess.Popen(["taskset", "-c", str(core), *map(str, words)], stdout=log, stderr=log)
        self.started.append(process)
        return process.pid

    def stop(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait()

    # --- the instances ---

    def nginx(self, name, core, servers):
        folder = self.file(f"{name}-nginx")
        folder.mkdir()
        self.file(f"{name}.conf").write_text(
            f"user root; daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit; worker_rlimit_nofile 20000;\n"
            "events { worker_connections 32768; }\n"
            f"http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 300s; server_tokens off;\n"
            + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + servers + "}\n")
        pid = self.start(name, core, "nginx", "-p", folder, "-c", self.file(f"{name}.conf"))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError, IndexError):
                return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
            time.sleep(0.05)
        sys.exit(f"instances.py: nginx did not start: {self.file(name + '.log').read_text()}")

    def certificates(self):
        return f"ssl_certificate {self.file('cert.pem')}; ssl_certificate_key {self.file('key.pem')}; ssl_protocols TLSv1.2 TLSv1.3;"

    def instances(self):
        plain, secure = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        answer = f"location / {{ default_type text/plain; return 200 {BODY}; }}"
        self.nginx("instances", self.load_core,
                   "".join(f"server {{ listen 127.0.0.1:{port} backlog=16384; {answer} }}\n" for port in plain)
                   + "".join(f"server {{ listen 127.0.0.1:{port} ssl backlog=16384; {self.certificates()} {answer} }}\n"
                             for port in secure))
        for port in plain + secure:
            wait_for(port, "instances", self.file("instances.log"))
        return plain, secure

    # --- the proxies: each gives its process and its port ---

    def as_nginx(self, name, ports, tls):
        port = free_port()
        pid = self.nginx(
            name, self.core,
            "upstream up { " + "".join(f"server 127.0.0.1:{each};" for each in ports)
            + " keepalive 256; keepalive_requests 100000000; }\n"
            + f"server {{ listen 127.0.0.1:{port} {'ssl ' if tls else ''}backlog=16384; {self.certificates() if tls else ''}\n"
            + f"location / {{ proxy_pass {'https' if tls else 'http'}://up; proxy_http_version 1.1;"
            + " proxy_connect_timeout 5s; proxy_set_header Connection \"\"; proxy_set_header Host $host;"
            + " proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
            + (f" proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.file('cert.pem')}; proxy_ssl_name localhost;"
               " proxy_ssl_protocols TLSv1.2 TLSv1.3;"
               if tls else "") + " } }\n")
        wait_for(port, name, self.file(f"{name}.log"))
        return pid, port

    def as_haproxy(self, name, ports, tls):
        port = free_port()
        bind = f" ssl crt {self.file('both.pem')}" if tls else ""
        server = f" ssl verify required ca-file {self.file('cert.pem')} verifyhost localhost" if tls else ""
        self.file(f"{name}.cfg").write_text(
            "global\n  nbthread 1\n  no strict-limits\n  maxconn 10100\n  tune.ssl.default-dh-param 2048\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 300s\n  timeout server 60s\n"
            "  option http-keep-alive\n  option forwardfor\n  http-reuse always\n"
            f"frontend in\n  bind 127.0.0.1:{port}{bind} backlog 16384\n  default_backend up\n"
            "backend up\n  balance roundrobin\n  option httpchk GET /\n"
            + "".join(f"  server s{i} 127.0.0.1:{each}{server} check inter 2s pool-max-conn 1024\n" for i, each in enumerate(ports)))
        pid = self.start(name, self.core, "haproxy", "-f", self.file(f"{name}.cfg"), "-db")
        wait_for(port, name, self.file(f"{name}.log"))
        return pid, port

    def as_switchgear(self, name, ports, tls):
        url = "https://localhost" if tls else "http://127.0.0.1"
        trusted = f"\n    tls: {{ca: \"file:{self.file('cert.pem')}\"}}" if tls else ""
        listener = (f", tls: {{certificate: \"file:{self.file('cert.pem')}\", key: \"file:{self.file('key.pem')}\"}}"
                    if tls else "")
        upstreams = ", ".join(f'{{url: "{url}:{port}"}}' for port in ports)
        self.file(f"{name}.yaml").write_text(f"""version: 1
gateway: {{listen: "127.0.0.1:0", admin: "127.0.0.1:0", threads: 1, limits: {{connections: 16384}}{listener}}}
policies:
  usual:
    timeout: 30s
    circuit_breaker: {{window: {{type: time, duration: 10s}}, failure_rate: 0.5}}
services:
  up:
    upstreams: [{upstreams}]{trusted}
    balance: round_robin
    ejection: {{always_one: true}}
    health_check: {{http: {{path: /}}, interval: 2s, unhealthy: 3}}
    connections: {{max: 1024, max_waiting: 20000, connect_timeout: 5s}}
    policy: usual
    routes: [{{prefix: /}}]
""")
        pid = self.start(name, self.core, self.binary, "serve", "--config", self.file(f"{name}.yaml"))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.search(r"serves https?://127\.0\.0\.1:(\d+)", self.file(f"{name}.log").read_text())
            if found:
                return pid, int(found[1])
            time.sleep(0.05)
        sys.exit(f"instances.py: the gateway did not start: {self.file(name + '.log').read_text()}")

    # --- measuring ---

    def load(self, port, tls, connections, seconds, new=False):
        """Requests and p99 in µs."""
        close = ["-H", "Connection: close"] if new else []
        said = subprocess.run(["taskset", "-c", str(self.load_core), "wrk", "-t", "1", "-c", str(connections), "-d",
                               f"{seconds}s", "--timeout", "20s", "--latency", *close,
                               f"http{'s' if tls else ''}://127.0.0.1:{port}/x"], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"instances.py: not every request was answered well:\n{said}")
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
        return int(re.search(r"(\d+) requests in", said)[1]), float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def cpu_us(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


KINDS = ("switchgear", "nginx", "haproxy")


def start(bench):
    plain, secure = bench.instances()
    return {(kind, job): getattr(bench, f"as_{kind}")(f"{kind}-{job}", secure if job == "tls" else plain, job == "tls")
            for job in ("plain", "tls") for kind in KINDS}


def measure(bench, running, rounds, seconds):
    cases = [(kind, job, new) for job in ("plain", "tls") for new in (False, True) for kind in KINDS]
    results = {case: [] for case in cases}
    for n in range(rounds + 1):
        for i in range(len(cases)):
            case = kind, job, new = cases[(i + n) % len(cases)]
            pid, port = running[kind, job]
            before = cpu_us(pid)
            requests, p99 = bench.load(port, job == "tls", CONNECTIONS, seconds if n else 1, new)
            if n:  # the first round is for warming up
                results[case].append(((cpu_us(pid) - before) / requests, p99))
        print(f"round {n} of {rounds}", file=sys.stderr)
    report = {}
    for (kind, job, new), seen in results.items():
        cpu, p99 = (statistics.median(column) for column in zip(*seen))
        row = report.setdefault(f"{kind} {job}{' new' if new else ''}", {"cpu_us": round(cpu, 2), "p99_us": round(p99)})
        row["cpu_us_least"] = round(min(each[0] for each in seen), 2)
    return report


def measure_crowds(bench, running, report):
    for (kind, job), (pid, port) in running.items():
        row = report.setdefault(f"{kind} {job}", {})
        for crowd in CROWDS:
            command = ["taskset", "-c", str(bench.load_core), "wrk", "-t", "1", "-c", str(crowd), "-d", "8s", "--timeout", "30s",
                       f"http{'s' if job == 'tls' else ''}://127.0.0.1:{port}/x"]
            loader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(6)
            row[f"mib_at_{crowd}"] = round(rss_mib(pid), 1)
            said = loader.communicate()[0]
            failed = re.search(r"Socket errors.*|Non-2xx.*", said)
            row[f"requests_at_{crowd}"] = int(re.search(r"(\d+) requests in", said)[1])
            row[f"errors_at_{crowd}"] = failed[0] if failed else None


def show(report):
    print(f"{'':22}{'CPU µs/req':>11}{'× nginx':>9}{'p99 µs':>9}{'MiB 1,000':>11}{'MiB 10,000':>11}")
    for name, row in report.items():
        costs = " " * 29
        if "cpu_us" in row:
            beside = report["nginx " + name.split(" ", 1)[1]]
            costs = f"{row['cpu_us']:11.2f}{row['cpu_us'] / beside['cpu_us']:9.2f}{row['p99_us']:9d}"
        print(f"{name:22}{costs}" + "".join(f"{row.get(f'mib_at_{crowd}', ''):>11}" for crowd in CROWDS))
        for crowd in CROWDS:
            if row.get(f"errors_at_{crowd}"):
                print(f"{'':22}at {crowd:,} connections: {row[f'errors_at_{crowd}']} (of {row[f'requests_at_{crowd}']:,})")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--crowds", action="store_true")
    options.add_argument("--binary", default="build/release/switchgear")
    given = options.parse_args()
    os.environ["PATH"] += ":/usr/sbin"
    for tool in ("nginx", "haproxy", "wrk", "openssl", "taskset", given.binary):
        if shutil.which(tool) is None:
            sys.exit(f"instances.py: {tool} is missing; try ./dev bench instances")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="switchgear-instances-") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(folder, os.path.abspath(given.binary))
        try:
            running = start(bench)
            report = {} if given.crowds else measure(bench, running, given.rounds, given.seconds)
            measure_crowds(bench, running, report)
        finally:
            bench.stop()
    Path("build").mkdir(exist_ok=True)
    Path("build/instances.json").write_text(json.dumps({"rounds": given.rounds, "seconds": given.seconds, "rows": report}, indent=2))
    show(report)


if __name__ == "__main__":
    main()
