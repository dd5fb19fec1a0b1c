#!/usr/bin/env bash
# The gateway beside Debian's nginx and HAProxy as the same reverse proxy.
#
# The same upstream (nginx, a fixed answer of 128 bytes), keep-alive on both sides, one worker or thread each. Every proxy is
# pinned to one core, wrk and the upstream to another. Rounds are interleaved, so that a slow moment of the machine falls on
# all of them; medians are reported. Each proxy is there twice: `+log` writes a line for each request to a file, nginx through
# a buffer of 64 KiB, HAProxy by its standard output. The gateway guards every request with a breaker and counts it; the others do not.
# `switchgear+all` also keeps its history in a file, judges its alerts and sends metrics and a hundredth of its calls by OTLP.
#
#   CPU µs/request   user and system time of the proxy's process over the round, from /proc/PID/stat
#   requests/s, p99  as wrk saw them, which asks as fast as it is answered: its p99 is the length of a queue
#   p99 paced        as h2load saw it at 20,000 requests a second, which leaves each proxy time to breathe
#   memory           VmRSS after the start, and while 1,000 connections are being served
#   calls/request    system calls, counted in a short round of its own (perf where the kernel lets it, else strace)
#
# usage: bench/proxies.sh [--rounds 7] [--seconds 4] [--connections 32] [--binary build/release/switchgear]
# Prints a table; writes build/proxies.json. Needs nginx, haproxy, wrk, h2load, strace or perf, python3: `./dev bench proxies`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=7 seconds=4 connections=32 binary=build/release/switchgear
while (($#)); do
  case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    --binary) binary=$2 ;;
    *) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2 ;;
  esac
  shift 2 || { echo "proxies.sh: $1 needs a value" >&2; exit 2; }
done
export PATH=$PATH:/usr/sbin
for tool in nginx haproxy wrk h2load taskset python3 "$binary"; do
  command -v "$tool" >/dev/null || { echo "proxies.sh: $tool is missing; try ./dev bench proxies" >&2; exit 3; }
done
(($(nproc) >= 2)) || { echo "proxies.sh: needs two processors, one for the proxy alone" >&2; exit 3; }
mapfile -t cores < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0))[:2], sep="\n")')
readonly proxy_core=${cores[0]} load_core=${cores[1]}
readonly ticks_per_second=$(getconf CLK_TCK)
readonly proxies=(switchgear nginx haproxy switchgear+log nginx+log haproxy+log switchgear+all)

dir=$(mktemp -d "${TMPDIR:-/tmp}/switchgear-proxies-XXXXXX")
started=()
finish() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait_for_port() {
  local try
  for try in {1..100}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.05
  done
  echo "proxies.sh: nothing listens on port $1 ($2)" >&2
  tail -n 5 "$dir/$2.log" >&2 || true
  exit 3
}

# start NAME CORE COMMAND...: the pid is the last of `started`.
start() {
  local -r name=$1 core=$2
  shift 2
  taskset -c "$core" "$@" >"$dir/$name.log" 2>&1 &
  started+=($!)
}

# --- the upstream and the three proxies ---------------------------------------------------------------------------

# nginx_conf NAME ACCESS_LOG SERVERS
nginx_conf() {
  cat <<CONF
daemon off; worker_processes 1; pid $dir/$1.pid; error_log stderr crit; worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  $2 keepalive_requests 100000000; keepalive_timeout 300s; server_tokens off;
  client_body_temp_path $dir/$1-body; proxy_temp_path $dir/$1-proxy; fastcgi_temp_path $dir/$1-fastcgi;
  uwsgi_temp_path $dir/$1-uwsgi; scgi_temp_path $dir/$1-scgi;
  $3
}
CONF
}

# The child of an nginx that does the work.
worker_of() {
  local try pid
  for try in {1..100}; do
    pid=$(cut -d' ' -f1 "/proc/$1/task/$1/children" 2>/dev/null || true)
    if [[ -n $pid ]]; then echo "$pid"; return; fi
    sleep 0.05
  done
  return 1
}

declare -A port pid
chmod 755 "$dir"
port[upstream]=$(free_port)
body=$(printf 'x%.0s' {1..128})
nginx_conf upstream 'access_log off;' "server { listen 127.0.0.1:${port[upstream]} backlog=4096;
  location / { default_type text/plain; return 200 $body; }
  location /v1/ { default_type application/json; client_max_body_size 64m; return 200 '{}'; } }" >"$dir/upstream.conf"
start upstream "$load_core" nginx -p "$dir" -c "$dir/upstream.conf"
wait_for_port "${port[upstream]}" upstream

# start_nginx NAME ACCESS_LOG, and likewise below.
start_nginx() {
  port[$1]=$(free_port)
  nginx_conf "$1" "$2" "upstream up { server 127.0.0.1:${port[upstream]}; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${port[$1]} backlog=4096;
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_set_header Host \$host; proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for; } }" >"$dir/$1.conf"
  start "$1" "$proxy_core" nginx -p "$dir" -c "$dir/$1.conf"
  wait_for_port "${port[$1]}" "$1"
  pid[$1]=$(worker_of "${started[-1]}")
}

start_haproxy() {
  port[$1]=$(free_port)
  cat >"$dir/$1.cfg" <<CONF
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  option forwardfor
  http-reuse always
  $2
frontend in
  bind 127.0.0.1:${port[$1]} backlog 4096
  default_backend up
backend up
  server one 127.0.0.1:${port[upstream]} pool-max-conn 1024
CONF
  start "$1" "$proxy_core" haproxy -f "$dir/$1.cfg" -db
  wait_for_port "${port[$1]}" "$1"
  pid[$1]=${started[-1]}
}

# start_switchgear NAME LOG [FURTHER_SECTIONS]
start_switchgear() {
  cat >"$dir/$1.yaml" <<CONF
version: 1
gateway: {listen: "127.0.0.1:0", admin: "127.0.0.1:0", threads: 1}
log: {$2}
policies:
  usual:
    timeout: 5s
    circuit_breaker: {window: {type: time, duration: 10s}, failure_rate: 0.5, slow_call: {threshold: 1s, rate: 0.5}}
services:
  up: {url: "http://127.0.0.1:${port[upstream]}", policy: usual, routes: [{prefix: /}]}
${3:-}
CONF
  start "$1" "$proxy_core" "$binary" serve --config "$dir/$1.yaml"
  pid[$1]=${started[-1]}
  port[$1]=
  local try
  for try in {1..100}; do
    port[$1]=$(sed -n 's|.*serves http://127\.0\.0\.1:\([0-9]*\).*|\1|p' "$dir/$1.log" | head -n 1)
    [[ -z ${port[$1]} ]] || return 0
    sleep 0.05
  done
  echo "proxies.sh: the gateway did not start:" >&2
  cat "$dir/$1.log" >&2
  exit 3
}

start_nginx nginx 'access_log off;'
start_haproxy haproxy ''
start_switchgear switchgear 'level: info'
start_nginx nginx+log "access_log $dir/nginx.access combined buffer=64k flush=1s;"
start_haproxy haproxy+log $'log stdout format raw local0\n  option httplog'
start_switchgear switchgear+log "access: {file: $dir/switchgear.access}"
start_switchgear switchgear+all "access: {file: $dir/all.access}" "
history: {file: $dir/history.db}
alerts: {channels: {log: {log: {}}}, notify: [log]}
telemetry: {otlp: {endpoint: 'http://127.0.0.1:${port[upstream]}', interval: 10s, traces: 0.01}, trace: w3c, request_id: x-request-id}"

# --- measuring ----------------------------------------------------------------------------------------------------

ticks() { awk -v pid="$1" '{ sub(/^.*\) /, ""); print $12, $13 }' "/proc/$1/stat"; }
rss_kib() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"; }

# load PROXY CONNECTIONS SECONDS: wrk's report, in $dir/wrk
load() {
  taskset -c "$load_core" wrk -t 1 -c "$2" -d "$3s" --latency "http://127.0.0.1:${port[$1]}/x" >"$dir/wrk"
  if grep -qE 'Non-2xx|Socket errors' "$dir/wrk"; then
    echo "proxies.sh: $1 did not answer every request well:" >&2
    grep -E 'Non-2xx|Socket errors' "$dir/wrk" >&2
    exit 1
  fi
}
requests() { awk '$2 == "requests" && $3 == "in" { print $1 }' "$dir/wrk"; }

round() {
  local -r name=$1
  local before after
  before=$(ticks "${pid[$name]}")
  load "$name" "$connections" "$seconds"
  after=$(ticks "${pid[$name]}")
  awk -v before="$before" -v after="$after" -v hz="$ticks_per_second" -v name="$name" -v done="$(requests)" '
    function microseconds(text) {
      if (text ~ /us$/) return text + 0
      if (text ~ /ms$/) return (text + 0) * 1000
      return (text + 0) * 1000000
    }
    $1 == "99%" { p99 = microseconds($2) }
    $1 == "Requests/sec:" { rate = $2 }
    END {
      split(before, b, " "); split(after, a, " ")
      print name, (a[1] - b[1]) / hz * 1e6 / done, (a[2] - b[2]) / hz * 1e6 / done, rate, p99
    }' "$dir/wrk" >>"$dir/rounds"
}

# paced_round PROXY: the p99 in µs
paced_round() {
  local -r rate=20000
  taskset -c "$load_core" h2load --h1 -t 1 -c "$connections" -D "$seconds" --rps $((rate / connections)) \
    --log-file="$dir/paced" "http://127.0.0.1:${port[$1]}/x" >"$dir/h2load"
  awk -v name="$1" '$2 != 200 { print "proxies.sh: " name " answered " $2 | "cat >&2"; bad = 1 } END { exit bad }' "$dir/paced"
  cut -f3 "$dir/paced" | sort -n | awk -v name="$1" '{ all[NR] = $1 } END { print name, all[int(NR * 0.99)] }' >>"$dir/paced-rounds"
  rm "$dir/paced"
}

# System calls per request; empty when nothing here may count them.
calls_per_request() {
  local -r name=$1
  local counter calls=''
  if perf stat -e raw_syscalls:sys_enter true >/dev/null 2>&1; then
    perf stat -x, -e raw_syscalls:sys_enter -o "$dir/calls" -p "${pid[$name]}" -- sleep 3.5 >/dev/null 2>&1 &
    counter=$!
    sleep 0.5
    load "$name" "$connections" 2
    wait "$counter" || true
    calls=$(awk -F, '/sys_enter/ { print $1 }' "$dir/calls")
  elif command -v strace >/dev/null; then
    strace -f -c -o "$dir/calls" -p "${pid[$name]}" >/dev/null 2>&1 &
    counter=$!
    sleep 0.5
    load "$name" "$connections" 2
    kill "$counter"
    wait "$counter" || true
    calls=$(awk '$NF == "total" { print $4 }' "$dir/calls")
  fi
  [[ -n $calls ]] && awk -v calls="$calls" -v done="$(requests)" 'BEGIN { printf "%.2f", calls / done }'
}

declare -A idle busy calls
for name in "${proxies[@]}"; do idle[$name]=$(rss_kib "${pid[$name]}"); done
for name in "${proxies[@]}"; do load "$name" "$connections" 1; done
: >"$dir/rounds"
for ((n = 0; n < rounds; ++n)); do
  for ((i = 0; i < ${#proxies[@]}; ++i)); do
    round "${proxies[(i + n) % ${#proxies[@]}]}"
    paced_round "${proxies[(i + n) % ${#proxies[@]}]}"
  done
  echo "round $((n + 1)) of $rounds" >&2
done
for name in "${proxies[@]}"; do
  load "$name" 1000 4 &
  loader=$!
  sleep 3
  busy[$name]=$(rss_kib "${pid[$name]}")
  wait "$loader"
done
for name in "${proxies[@]}"; do calls[$name]=$(calls_per_request "$name" || true); done

# --- reporting ----------------------------------------------------------------------------------------------------

mkdir -p build
for name in "${proxies[@]}"; do echo "$name ${idle[$name]} ${busy[$name]} ${calls[$name]:-nan}"; done >"$dir/once"
python3 - "$dir/rounds" "$dir/paced-rounds" "$dir/once" "$rounds" "$seconds" "$connections" >build/proxies.json <<'PYTHON'
import json, math, platform, statistics, sys
rounds, paced_rounds, once, count, seconds, connections = sys.argv[1:]
runs = {}
for line in open(rounds):
    name, *numbers = line.split()
    runs.setdefault(name, []).append([float(number) for number in numbers])
paced = {}
for line in open(paced_rounds):
    name, p99 = line.split()
    paced.setdefault(name, []).append(float(p99))
report = {"rounds": int(count), "seconds": int(seconds), "connections": int(connections), "kernel": platform.release(),
          "processor": next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), ""),
          "proxies": {}}
for line in open(once):
    name, idle, busy, calls = line.split()
    user, system, rate, p99 = (statistics.median(column) for column in zip(*runs[name]))
    total = statistics.median(run[0] + run[1] for run in runs[name])
    report["proxies"][name] = {
        "cpu_us_per_request": round(total, 2), "user_us": round(user, 2), "system_us": round(system, 2),
        "requests_per_second": round(rate), "p99_us": round(p99),
        "paced_p99_us": round(statistics.median(paced[name])), "idle_kib": int(idle), "busy_kib": int(busy),
        "system_calls_per_request": None if math.isnan(float(calls)) else float(calls)}
json.dump(report, sys.stdout, indent=2)
PYTHON
python3 - build/proxies.json <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
print(f"{report['rounds']} rounds of {report['seconds']} s, {report['connections']} connections, {report['processor']}; medians")
print(f"{'':15}{'CPU µs/req':>11}{'user':>7}{'system':>8}{'req/s':>8}{'p99 µs':>8}{'paced':>7}{'idle MiB':>10}{'1000 conn':>10}{'calls/req':>10}{'× nginx':>9}")
nginx = report["proxies"]["nginx"]["cpu_us_per_request"]
for name, at in report["proxies"].items():
    calls = "-" if at["system_calls_per_request"] is None else f"{at['system_calls_per_request']:.2f}"
    print(f"{name:15}{at['cpu_us_per_request']:11.2f}{at['user_us']:7.2f}{at['system_us']:8.2f}{at['requests_per_second']:8d}"
          f"{at['p99_us']:8d}{at['paced_p99_us']:7d}{at['idle_kib'] / 1024:10.1f}{at['busy_kib'] / 1024:10.1f}{calls:>10}"
          f"{at['cpu_us_per_request'] / nginx:9.2f}")
PYTHON
