#!/usr/bin/env python3
"""Checks the order of the rooms by reading every #include.

    core <- striped <- policy <- pipeline <- {sync, async}      core, policy <- registry <- observe
    async, health, tls <- http    async <- postgres    http, registry <- a2a       analysis, health, instances, registry, tls <- config    observe <- telemetry, telemetry, tls <- admin    policy, registry, tls <- redis    everything <- app

A room includes itself and the rooms below it. The rooms of app/ include the library, never each other, but for
BELOW_ALL and the pairs in ON_TOP_OF; they meet in app/serve/, which composes a process of them, and in app/*.cpp, which includes them
all. The rooms in STANDARD_ONLY need only the standard library; their tests may use more.

Within a room, and within each of its folders, a file (its .hpp and its .cpp together) and a subfolder stand above or
below each other: includes never lead out of one and back to it. In a room of SUBFOLDERS the order is also given: a folder includes itself and
the folders before it; the files beside the folders come last.

usage: check_includes.py [ROOT]     exit 1 and one line FILE:LINE: message per violation
"""
import os
import re
import sys
from pathlib import Path

LIBRARY = {
    "core": set(),
    "striped": {"core"},
    "policy": {"core", "striped"},
    "pipeline": {"core", "striped", "policy"},
    "registry": {"core", "striped", "policy"},
    "observe": {"core", "striped", "policy", "registry"},
    "analysis": {"core", "policy"},
    "health": {"core", "policy"},
    "instances": {"core", "policy"},
    "sync": {"core", "policy", "pipeline"},
    "async": {"core", "policy", "pipeline"},
    "tls": set(),
    "http": {"core", "policy", "pipeline", "async", "health", "tls"},
    "a2a": {"core", "policy", "pipeline", "registry", "async", "health", "http"},
    "postgres": {"core", "policy", "pipeline", "async"},
    "config": {"core", "policy", "pipeline", "registry", "analysis", "health", "instances", "tls"},
    "telemetry": {"core", "striped", "policy", "registry", "observe"},
    "admin": {"core", "striped", "policy", "registry", "observe", "telemetry", "tls"},
    "redis": {"core", "policy", "registry", "tls"},
    "testing": {"core", "policy", "pipeline"},
    "": {"core", "policy", "pipeline", "registry", "sync"},  # switchgear.hpp
}
COMPOSES = ("app", "serve")  # the room that includes other rooms of app/; they never include it
ON_TOP_OF = {("app", "top"): {"control"}, ("app", "prove"): {"check", "lab"}, ("app", "experiment"): {"lab"}, ("app", "demo"): {"shop", "stage"},
             ("app", "chaos"): {"control", "lab", "stage"},
             ("app", "shop"): {"chaos", "control", "stage"},
             ("app", "gateway"): {"experiment"}}  # a room of app/ that is built on others
BELOW_ALL = "shell"  # the room of app/ that every other one may include
SUBFOLDERS = {("app", "alert"): ("rules", "incident", "outbox", "channel"),
              ("app", "gateway"): ("heads", "access", "listening", "service", "call", "response", "connection")}
STANDARD_ONLY = {"", "core", "striped", "policy", "pipeline", "registry", "observe", "analysis", "health", "instances", "sync", "testing"}
ON_TOP_OF_ASIO = {Path("switchgear/testing/manual_asio_time.hpp")}  # included by nothing else in its room
FOR_TESTS_OF = {"analysis": {"config"}}  # which write policies as YAML
FOR_EVERY_TEST = {"testing", "sync"}  # the drivers share policies, and are tested together

STANDARD_HEADERS = set("""
algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts condition_variable coroutine
deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd
iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream
queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
unordered_map unordered_set utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib
cstring ctime cuchar cwchar cwctype
""".split()) | {"time.h", "pthread.h", "x86intrin.h", "cpuid.h", "immintrin.h"}  # the clocks' own: POSIX time and the compiler's

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def is_test(path):
    return path.stem.endswith(("_test", "_fixture"))


def room_of(parts):
    """('switchgear', 'policy'), ('app', 'gateway'), ('app', '') for app/main.cpp, or None for any other place."""
    if parts and parts[0] in ("switchgear", "app"):
        return parts[0], parts[1] if len(parts) > 2 else ""
    return None


def place_within(room, parts):
    """Where in its room's order of subfolders a file stands, from 0, or None in a folder that is not in the order."""
    order = SUBFOLDERS[room]
    if len(parts) <= 3:
        return len(order)
    return order.index(parts[2]) if parts[2] in order else None


def problem_with_quoted(root, path, room, wanted):
    target = Path(wanted)
    if not (root / target).is_file():
        return f'"{wanted}" is not a file of this repository; write paths from its root, and <…> for everything else'
    there = room_of(target.parts)
    if there is None:
        return None if is_test(path) else f"{wanted}: only tests include from outside switchgear/ and app/"
    if is_test(target) and not is_test(path):
        return f"{wanted} belongs to tests"
    if there == room:
        if room not in SUBFOLDERS or is_test(path):
            return None
        here, target_place = place_within(room, path.parts), place_within(room, target.parts)
        if here is None or target_place is None or target_place <= here:
            return None
        return f"{wanted}: folder {path.parts[2]} is below it, and nothing runs upwards"
    if room[0] == "switchgear":
        if there[0] == "app":
            return f"{wanted}: the library never includes the binary"
        if is_test(path) and there[1] in FOR_EVERY_TEST | FOR_TESTS_OF.get(room[1], set()):
            return None
        if there[1] not in LIBRARY[room[1]]:
            return f"{wanted}: room {room[1]} is not above room {there[1]}"
        return None
    if there[1] == BELOW_ALL and there[0] == "app":
        return None
    if there[0] == "switchgear" or room[1] == "" or room == COMPOSES or there[1] in ON_TOP_OF.get(room, set()):
        return None
    return f"{wanted}: rooms of app/ meet in app/serve/ and app/*.cpp, not in app/{room[1]}"


def problem(root, path, room, bracket, wanted):
    if bracket == '"':
        return problem_with_quoted(root, path, room, wanted)
    if wanted.startswith(("switchgear/", "app/")):
        return f"<{wanted}> is ours; include it in quotes"
    standard_only = room[0] == "switchgear" and room[1] in STANDARD_ONLY and path not in ON_TOP_OF_ASIO
    if standard_only and not is_test(path) and wanted not in STANDARD_HEADERS:
        return f"<{wanted}>: room {room[1]} may include only the standard library"
    return None


def step_below(folder, path):
    """The part of `path` right below `folder`: a subfolder with a slash, or a file's stem: .hpp and .cpp are one."""
    part = path.parts[len(folder.parts)]
    return part + "/" if len(path.parts) > len(folder.parts) + 1 else Path(part).stem


def reachable(edges, start):
    seen, waiting = set(), [start]
    while waiting:
        for following in edges.get(waiting.pop(), ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


class Circles:
    """Finds files and subfolders of one folder that include each other, directly or by others between them."""

    def __init__(self):
        self.edges = {}    # folder -> part -> parts it includes
        self.leaving = {}  # (folder, part) -> [(place, included part)]

    def add(self, path, number, target):
        folder = Path(os.path.commonpath([path.parent, target.parent]))
        here, there = step_below(folder, path), step_below(folder, target)
        if here == there:
            return
        self.edges.setdefault(folder, {}).setdefault(here, set()).add(there)
        self.leaving.setdefault((folder, here), []).append((f"{path}:{number}", there))

    def found(self):
        for (folder, part), ways_out in self.leaving.items():
            for place, there in ways_out:
                if part in reachable(self.edges[folder], there):
                    yield f"{place}: {folder}/{there} includes {folder}/{part} in turn, and nothing runs upwards"


def check(root):
    found = []
    circles = Circles()
    files = sorted(f for top in ("switchgear", "app") for end in ("*.hpp", "*.cpp") for f in (root / top).rglob(end))
    for file in files:
        path = file.relative_to(root)
        room = room_of(path.parts)
        if room[0] == "switchgear" and room[1] not in LIBRARY:
            found.append(f"{path}:1: room '{room[1]}' is not in the order; add it to tools/check_includes.py")
            continue
        if room in SUBFOLDERS and place_within(room, path.parts) is None:
            found.append(f"{path}:1: folder '{path.parts[2]}' is not in its room's order; add it to tools/check_includes.py")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            bracket, wanted = include.groups()
            if message := problem(root, path, room, bracket, wanted):
                found.append(f"{path}:{number}: {message}")
            elif bracket == '"' and not is_test(path) and room_of(Path(wanted).parts) == room:
                circles.add(path, number, Path(wanted))
    return len(files), found + list(circles.found())


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    count, found = check(root)
    for line in found:
        print(line)
    if count == 0:
        print(f"{root}: no source files")
    if found or count == 0:
        return 1
    print(f"{count} files include only what is below them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
