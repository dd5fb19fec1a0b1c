#!/usr/bin/env python3
"""Checks README.md, CONTRIBUTING.md and docs/: C++ compiles, YAML passes `switchgear check`, links have a target.

A fenced `cpp` block with an #include is compiled as it is; any other is put into a function that sees the whole library
except for the rooms that need Boost.
A block after `<!-- FILE -->` must be a copy of that file.
A fenced `yaml` block with `version:` is checked as it is; a part of a file is put into its place.
Fence as `text` what must not be checked.
A page of docs/policies/ about a policy must have the parts of PARTS, in that order.

usage: check_docs.py cpp ROOT COMPILER [FLAG...]  |  check_docs.py yaml ROOT BINARY  |  check_docs.py links ROOT
       check_docs.py copies ROOT  |  check_docs.py shape ROOT
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LIBRARY_ROOMS = ("core", "policy", "pipeline", "registry", "observe", "sync", "analysis", "config", "testing")
NEEDS_BOOST = re.compile(r"^\s*#\s*include\s*<boost/", re.MULTILINE)
TRIP_RULES = {"failure_rate", "slow_call", "latency", "consecutive_failures", "failure_balance", "stuck_calls"}
BREAKER_KEYS = TRIP_RULES | {"window", "minimum_calls", "open_duration", "backoff", "max_open_duration", "jitter",
                             "honor_retry_after", "probe_automatically", "half_open", "ramp", "weights", "adaptive",
                             "levels"}
ABOUT_NO_POLICY = {"README", "pipeline", "testing"}
PARTS = (("its include line", r"\A# [^\n]+\n\n`#include \"switchgear/[\w/]+\.hpp\"`\n\n"),
         ("what it solves", r"\n\w"),
         ("a picture", r"(?:(?!\n## ).)*?\n```text\n"),
         ("a table of options", r".*?\n## Options\n(?:(?!\n## ).)*\n\| (?:key|argument) \|[^\n]* meaning \| unit \| default \|"),
         ("an example in C++", r".*?\n## In C\+\+\n(?:(?!\n## ).)*\n```cpp\n"),
         ("an example in YAML", r".*?\n## In YAML\n\n(?:None\.|(?:(?!\n## ).)*```yaml\n)"),
         ("telemetry", r".*?\n## Telemetry\n\n[\w`]"),
         ("pitfalls", r".*?\n## Pitfalls\n\n- "),
         ("how others differ", r".*?\n## Elsewhere\n(?=.*\*\*resilience4j\*\*)(?=.*\*\*Polly\*\*)(?=.*\*\*Envoy\*\*)"))
FILE_KEYS = {"alerts", "version", "gateway", "history", "log", "policies", "services", "telemetry"}


def pages(root):
    return [page for page in [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
            if page.is_file()]


def blocks(root, language):
    """(page:line, text) of every block fenced as `language`."""
    for page in pages(root):
        opened, lines = None, []
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            fence = re.match(r"^\s*```\s*(\S*)\s*$", line)
            if fence and opened is None:
                opened, lines = (fence.group(1), number + 1), []
            elif fence and not fence.group(1):
                if opened[0] == language:
                    yield f"{page.relative_to(root)}:{opened[1]}", "\n".join(lines) + "\n"
                opened = None
            else:
                lines.append(line)
        if opened is not None:
            raise SystemExit(f"{page}:{opened[1]}: a fence that is never closed")


def library_headers(root):
    """The headers for a part of a program: every public header that needs only the standard library."""
    for room in LIBRARY_ROOMS:
        for header in sorted((root / "switchgear" / room).glob("*.hpp")):
            text = header.read_text(encoding="utf-8")
            if not header.stem.endswith(("_fixture", "_test")) and not NEEDS_BOOST.search(text) \
                    and "<gtest" not in text and "<rapidcheck" not in text:
                yield header.relative_to(root)


def as_translation_unit(root, text, place, prelude):
    path, line = place.rsplit(":", 1)
    here = f'#line {line} "{root / path}"\n'
    if "#include" in text:
        return here + text
    # [[maybe_unused]] cannot be put on what a snippet declares; the flag below says the same.
    return (f'#include "{prelude}"\nusing namespace switchgear;\nusing namespace std::chrono_literals;\n'
            f"[[maybe_unused]] static void snippet() {{\n{here}{text}}}\n")


def check_cpp(root, compiler, *flags):
    with tempfile.TemporaryDirectory() as directory:
        # Compiled once, or every part of a program would compile the whole library again.
        prelude = Path(directory) / "library.hpp"
        prelude.write_text("".join(f'#include "{header}"\n' for header in library_headers(root)),
                           encoding="utf-8")
        command = [compiler, *flags, f"-I{root}", "-Wno-unused"]
        subprocess.run([*command, "-x", "c++-header", str(prelude), "-o", f"{prelude}.gch"], timeout=300, check=True)

        def compile_one(block):
            place, text = block
            ended = subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-"],
                                   input=as_translation_unit(root, text, place, prelude), text=True,
                                   capture_output=True, timeout=300, check=False)
            return place, ended.returncode, ended.stderr

        with ThreadPoolExecutor(2) as pool:
            for place, code, errors in pool.map(compile_one, blocks(root, "cpp")):
                yield place, None if code == 0 else f"does not compile\n{errors}"


def indented(text, columns):
    return "".join(" " * columns + line if line.strip() else line for line in text.splitlines(keepends=True))


def as_whole_file(text):
    keys = set(re.findall(r"^([A-Za-z_]+):", text, re.MULTILINE))
    if "version" in keys:
        return text
    whole = "version: 1\n"
    if keys & FILE_KEYS:
        named = set(re.findall(r"\bpolicy: *([A-Za-z0-9_-]+)", text))
        if named and "policies" not in keys:
            whole += "policies:\n" + "".join(f"  {name}: {{circuit_breaker: {{consecutive_failures: 5}}}}\n"
                                             for name in sorted(named))
        return whole + text
    if keys and keys <= BREAKER_KEYS:
        rule = "" if keys & TRIP_RULES else "      consecutive_failures: 5\n"
        return f"{whole}policies:\n  example:\n    circuit_breaker:\n{rule}{indented(text, 6)}"
    return f"{whole}policies:\n  example:\n{indented(text, 4)}"


def check_yaml(root, binary):
    with tempfile.TemporaryDirectory() as directory:
        for number, (place, text) in enumerate(blocks(root, "yaml")):
            if re.search(r"^scenario:", text, re.MULTILINE):
                continue  # of `switchgear chaos`, not a policy file: app/chaos tests read them
            file = Path(directory) / f"{number}.yaml"
            whole = as_whole_file(text)
            file.write_text(whole, encoding="utf-8")
            variables = {name: "1" for name in re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)", text)}
            ended = subprocess.run([binary, "check", str(file)], text=True, capture_output=True, timeout=60, check=False,
                                   env={**os.environ, **variables})
            yield place, None if ended.returncode == 0 else f"is refused\n{ended.stderr}{whole}"


def without_blocks(page):
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page):
    """The names of a page's headings in links."""
    titles = re.findall(r"^#+ +(.+?) *$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def check_links(root):
    for page in pages(root):
        for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, part = target.partition("#")
            there = page.parent / file if file else page
            problem = None if there.exists() else "is not there"
            if not problem and part and part not in anchors(there):
                problem = "leads to a page without such a heading"
            yield f"{page.relative_to(root)} -> {target}", problem


def check_shape(root):
    for page in sorted((root / "docs" / "policies").glob("*.md")):
        if page.stem in ABOUT_NO_POLICY:
            continue
        text, at = page.read_text(encoding="utf-8"), 0
        problem = None
        for part, pattern in PARTS:
            found = re.compile(pattern, re.DOTALL).match(text, at)
            if not found:
                problem = f"lacks {part}, or has it in the wrong place"
                break
            at = found.end() - 1
        yield str(page.relative_to(root)), problem


def check_copies(root):
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        for file, copy in re.findall(r"<!-- ([\w./-]+/[\w.-]+) -->\n```\w*\n(.*?)```\n", text, re.DOTALL):
            source = root / file
            same = source.is_file() and source.read_text(encoding="utf-8") == copy
            yield f"{page.relative_to(root)} <- {file}", None if same else "is not that file"


def main():
    checks = {"cpp": check_cpp, "yaml": check_yaml, "links": check_links, "copies": check_copies, "shape": check_shape}
    if len(sys.argv) < 3 or sys.argv[1] not in checks:
        print(__doc__, file=sys.stderr)
        return 2
    count, failed = 0, 0
    for place, problem in checks[sys.argv[1]](Path(sys.argv[2]).resolve(), *sys.argv[3:]):
        count += 1
        if problem:
            failed += 1
            print(f"{place}: {problem}")
    print(f"{sys.argv[1]}: {count - failed} of {count} hold")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
