#!/usr/bin/env python3
"""Checks that every configuration key in docs, --help and messages exists: each is tried with `switchgear check`.

A name counts as a key if it is dotted (`gateway.token`, in backticks in README.md and docs/, anywhere in --help and in a
message) or, in --help and in messages, if it has several words (`open_duration`). It exists if a part of a file has it.

usage: check_keys.py ROOT BINARY
"""
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Where a name may stand in a file; `[]` is the first item of a list; the last one is the place of a whole path.
PLACES = ("gateway", "gateway.admin", "gateway.tls", "gateway.limits", "policies.p", "policies.p.circuit_breaker", "policies.p.circuit_breaker.half_open", "policies.p.circuit_breaker.ramp", "policies.p.circuit_breaker.adaptive", "policies.p.circuit_breaker.levels", "policies.p.circuit_breaker.levels.critical",
          "policies.p.circuit_breaker.adaptive.failures", "policies.p.circuit_breaker.adaptive.opening",
          "policies.p.retry", "policies.p.retry.budget", "policies.p.bulkhead", "policies.p.adaptive_limit", "policies.p.admission", "policies.p.cache", "policies.p.fallback",
          "policies.p.fallback.cache", "policies.p.chaos",
          "services.s", "services.s.routes[]", "services.s.ejection", "services.s.ejection.success_rate", "services.s.balance", "services.s.health_check", "services.s.health_check.http", "services.s.experiment", "services.s.agent", "alerts", "alerts.rules[]", "alerts.rules[].when.failure_rate", "alerts.rules[].when.burn_rate",
          "alerts.rules[].when", "alerts.rules[].when.changes", "alerts.rules[].when.forecast", "alerts.silences[]", "alerts.inhibit[]", "alerts.channels.c",
          "alerts.channels.c.slack", "alerts.channels.c.pagerduty", "alerts.channels.c.alertmanager",
          "alerts.channels.c.webhook", "alerts.channels.c.email", "fleet", "fleet.tls", "history", "log.access", "telemetry", "")
NOT_A_KEY = {
    "connections.waiting", "health_checks", "rewrite.uri", "explanation.policies", "explanation.services", "explanation.routes", "explanation.clients", "queue.oldest",  # members of JSON answers
    "connection_error", "fleet_open", "forced_open", "metrics_only", "open_too_long", "slow_success", "trace_id",  # values
    "user_agent",
    "async_call", "history_cost", "schema_version", "epoll_reactor", "min_success_ratio", "per_breaker",  # C++
    "opens_within",  # a key of scenarios
    "opt_args",  # zsh
    "certificate_file", "key_file", "look_every", "max_body", "max_head", "pool.max", "report.failure",  # members in C++
    "allowed_origins", "max_event", "message_id", "task_id", "result.message", "result.task", "answer.result",  # of agents' client
    "shop.example", "shop.example.com", "example.com", "a.example.com", "b.a.example.com", "e.g",
}
SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|FROM|WHERE)\b")
OTHER_NAMES = re.compile(r"^switchgear[._]|^(?:error|http|server|service|url)\.|\.(?:hpp|cpp|pml|yaml|yml|jsonl?|html|md|js|css|db)$")
DOTTED = r"(?:[a-z][a-z_]*\.)+[a-z][a-z_]*"
OF_SEVERAL_WORDS = r"[a-z]+(?:_[a-z]+)+"


def names_in(text, pattern):
    return set(re.findall(rf"(?<![\w./{{-])(?:{pattern})(?![\w(/-]|\.\w)", text))


def of_docs(root):
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = re.sub(r"^```.*?^```\s*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for span in re.findall(r"`([^`]+)`", text):
            for name in names_in(span, DOTTED):
                yield page.relative_to(root), name


def of_help(binary):
    def ask(*words):
        return subprocess.run([binary, *words, "--help"], text=True, capture_output=True, timeout=60, check=False).stdout

    whole = ask()
    commands = re.findall(r"^  ([a-z][a-z-]*)\b", whole.partition("ubcommands:")[2], re.MULTILINE)
    for text in [whole, *map(ask, commands)]:
        for name in names_in(text, f"{DOTTED}|{OF_SEVERAL_WORDS}"):
            yield "--help", name


def of_messages(root):
    for file in sorted([*(root / "app").rglob("*.?pp"), *(root / "switchgear").rglob("*.?pp")]):
        if file.stem.endswith(("_test", "_fixture")) or "interop" in file.parts or file.stem == "access_log_line":
            continue  # there, fields of others are named
        code = re.sub(r"^\s*#include.*$|^\s*//.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        code = re.sub(r'"\s*\n\s*"', "", code)
        for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', code):
            if SQL.search(literal):
                continue
            sentence = " " in literal
            for name in names_in(literal, f"{DOTTED}|{OF_SEVERAL_WORDS}" if sentence else DOTTED):
                yield file.relative_to(root), name


def nested(path):
    """`a: {b: [{c: ~}]}` of a, b[], c."""
    key, inner = path[0], nested(path[1:]) if len(path) > 1 else None
    if inner is None:
        return f"{key}: ~"
    return f"{key[:-2]}: [{{{inner}}}]" if key.endswith("[]") else f"{key}: {{{inner}}}"


def exists(binary, name):
    """Whether `switchgear check` knows the key at one of PLACES."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "tried.yaml"
        for place in PLACES:
            path = [*(place.split(".") if place else []), *name.split(".")]
            file.write_text("{version: 1, " + nested(path) + "}\n", encoding="utf-8")
            ended = subprocess.run([binary, "check", "--json", str(file)], text=True, capture_output=True, timeout=60,
                                   check=False)
            messages = [error["message"] for error in json.loads(ended.stdout)["errors"]]
            above = [".".join(path[:depth]).replace("[]", "[0]") for depth in range(1, len(path) + 1)]
            if not any(message.startswith((f"{each}: unknown key", f"{each}: a mapping found"))
                       for each in above for message in messages):
                return True
    return False


def check(root, binary):
    """(where it is named, name, whether it exists) for every name."""
    named = {}
    for where, name in [*of_docs(root), *of_help(binary), *of_messages(root)]:
        if name not in NOT_A_KEY and not OTHER_NAMES.search(name):
            named.setdefault(name, set()).add(str(where))
    with ThreadPoolExecutor() as pool:
        for (name, places), found in zip(sorted(named.items()), pool.map(lambda one: exists(binary, one), sorted(named))):
            yield ", ".join(sorted(places)), name, found


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    results = list(check(Path(sys.argv[1]).resolve(), sys.argv[2]))
    unknown = [(where, name) for where, name, found in results if not found]
    for where, name in unknown:
        print(f"{where}: there is no configuration key {name}")
    print(f"keys: {len(results) - len(unknown)} of {len(results)} exist")
    return 1 if unknown or not results else 0


if __name__ == "__main__":
    sys.exit(main())
