#!/usr/bin/env python3
"""Recomputes the figures of a circuit from its raw events, and compares them with those of switchgear/observe/figures.

Written from docs/figures.md alone, event by event and without regard to speed. A history keeps samples, not calls, so
where a figure is defined by samples the calls are sorted into them here.

usage: figures_model.py FILE      a history a line, as tests/model/random_history.cpp writes it; exit 1 on a difference
"""
import json
import math
import sys

SECOND = 1_000_000_000
BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]


class Call:
    def __init__(self, at, end, took, fallback):
        self.at, self.end, self.took, self.seconds, self.fallback = at, end, took, took / SECOND, fallback

    @property
    def failed(self):
        return self.end == "failure"

    @property
    def judged(self):
        return self.end in ("success", "failure")


def share(part, whole):
    return part / whole if whole else None


def health_score(present):
    score = 100 - {"open": 50, "forced_open": 50, "half_open": 25}.get(present["state"], 0)
    calls, failures = present["window"]
    rate = (calls - failures) / calls if calls else 1
    score -= 25 if rate < 0.5 else 10 if rate < 0.8 else 0
    score -= 5 * len([t for t in present["last"] if t["to"] == "open"])
    return max(0, score)


def openings(transitions):
    """[{at, rule, calls, failures, consecutive, closed, relapses, well}]"""
    found, current = [], None
    for t in transitions:
        if t["to"] == "open" and t["from"] == "half_open":
            if current:
                current["relapses"] += 1
        elif t["to"] == "open" and t["rule"] != "restored":
            current = dict(t, closed=None, relapses=0, well=False)
            found.append(current)
        elif t["to"] == "closed" and current:
            current["closed"] = t["at"]
            current["well"] = t["rule"] == "recovered" and t["value"] == 0 and current["relapses"] == 0
            current = None
        elif t["to"] == "disabled":
            current = None
    return found


def state_at(transitions, at):
    """Of a history that begins closed."""
    before = [t["to"] for t in transitions if t["at"] <= at]
    return before[-1] if before else "closed"


class Samples:
    def __init__(self, history, calls):
        self.all = []
        for start, seconds in history["samples"]:
            end = start + seconds * SECOND
            self.all.append({"from": start, "to": end, "seconds": seconds,
                             "calls": [c for c in calls if start <= c.at < end],
                             "state": state_at(history["transitions"], end - 1)})


def latency(opening, samples):
    slow = opening["rule"] in ("slow_call", "latency")
    wanted = opening["calls"] if slow else opening["consecutive" if opening["rule"] == "consecutive_failures" else "failures"]
    earlier = [s for s in samples.all if s["from"] <= opening["at"]]
    taken = []
    for sample in reversed(earlier[-10:]):
        taken += [c.took for c in sample["calls"] if c.failed or (slow and c.judged)]
        if len(taken) >= max(1, wanted):
            break
    return sum(taken) // len(taken) / SECOND if taken else None  # in whole nanoseconds


def refused_and_arrivals(opening, all_openings, samples):
    refused, arrivals, over = 0, None, False
    for sample in samples.all:
        begun = [o for o in all_openings if o["at"] < sample["to"]]
        if not begun or begun[-1] is not opening:
            continue
        if sample["state"] != "forced_open":
            refused += len([c for c in sample["calls"] if c.end == "refused"])
        over = over or (sample["state"] == "closed" and sample["from"] > opening["at"])
        during = not over if opening["closed"] is None else sample["from"] < opening["closed"]
        if during and sample["seconds"] <= 60:
            arrivals = max(arrivals or 0, len(sample["calls"]) / sample["seconds"])
    return refused, arrivals


def doubtful(opening, all_openings, samples, open_duration, now):
    """None: cannot be told."""
    if opening["relapses"]:
        return False
    if opening["closed"] is None:
        return None
    if not opening["well"]:
        return False
    until = opening["closed"] + open_duration
    following = all_openings[all_openings.index(opening) + 1:]
    if following and following[0]["at"] < until:
        return False
    if until > now:
        return None
    looked = [s for s in samples.all if s["from"] >= opening["at"] and s["to"] > opening["closed"] and s["from"] < until]
    if any(c.failed for s in looked for c in s["calls"]):
        return False
    return True if looked else None


def flap_percentage(transitions, present, now):
    def state(at):
        later = [t["from"] for t in transitions if t["at"] > at]
        return later[0] if later else present

    seen = [state(now - back * 10 * SECOND) for back in range(20, -1, -1)]
    weights = [0.8 + (1.2 - 0.8) * i / 19 for i in range(20)]
    return 100 * sum(w for w, before, after in zip(weights, seen, seen[1:]) if before != after) / 20


def buckets(calls):
    counts = [0] * (len(BOUNDS) + 1)
    for call in calls:
        counts[len([b for b in BOUNDS if call.seconds > b])] += 1
    return counts


def quantile(counts, q):
    rank, before = q * sum(counts), 0
    for i, here in enumerate(counts):
        if here and before + here >= rank:
            low = BOUNDS[i - 1] if i else 0
            if i == len(BOUNDS):
                return [low, low, None]
            return [low + (BOUNDS[i] - low) * (rank - before) / here, low, BOUNDS[i]]
        before += here
    return None


def within(counts, limit):
    found = 0
    for i, high in enumerate(BOUNDS):
        low = BOUNDS[i - 1] if i else 0
        found += counts[i] * min(1, max(0, (limit - low) / (high - low)))
    return found


def figures(history):
    calls = [Call(*c) for c in history["calls"]]
    samples, present = Samples(history, calls), history["present"]
    start, now = history["span"]
    transitions = history["transitions"]
    opened = openings(transitions)
    good = [c for c in calls if c.end == "success"]
    failed = [c for c in calls if c.failed]
    refused = [c for c in calls if c.end == "refused"]
    asked = len(good) + len(failed) + len(refused)
    by = {kind: len([c for c in calls if c.fallback == kind]) for kind in ("answered", "queued", "failed")}
    waiting = present["queue_waiting"]
    made_later = 0 if waiting is None else max(0, by["queued"] - int(waiting))
    protected = min(by["answered"] + made_later, len(failed) + len(refused))
    changes = len([t for t in transitions if t["from"] != t["to"] and start < t["at"] <= now])
    recent = len([t for t in transitions if t["from"] != t["to"] and t["rule"] != "operator"
                  and now - 3600 * SECOND < t["at"] <= now])

    made = {"health_score": health_score(present), "openings": len(opened)}
    made["success_rate"] = share(len(good), len(good) + len(failed))
    parts = [None, None, None]
    if asked:
        failure_rate = share(len(failed), len(good) + len(failed)) or 0
        parts = [max(0, 100 - 200 * failure_rate), 100 * (len(good) + protected) / asked, 100 - min(50, changes)]
    made["protection"], made["availability"], made["stability"] = parts
    made["effectiveness"] = sum(parts) / 3 if asked else None

    made["doubtful_openings"] = made["false_positive_rate"] = None
    if present["open_duration"] is not None:
        length = round(present["open_duration"] * SECOND)
        verdicts = [doubtful(o, opened, samples, length, now) for o in opened]
        verdicts = [v for v in verdicts if v is not None]
        if verdicts:
            made["doubtful_openings"] = sum(verdicts)
            made["false_positive_rate"] = sum(verdicts) / len(verdicts)

    lasted = [(o["closed"] - o["at"]) / SECOND for o in opened if o["closed"] is not None]
    made["mean_time_to_recovery"] = share(math.fsum(lasted), len(lasted))
    saved, stuck = [], []
    for opening in opened:
        each = latency(opening, samples)
        count, arrivals = refused_and_arrivals(opening, opened, samples)
        if each is not None:
            saved.append(count * each)
            if arrivals is not None:
                stuck.append(arrivals * each)
    made["time_saved"] = math.fsum(saved) if saved else None
    capacity = present["capacity"]
    made["cascades_prevented"] = None if capacity is None or not stuck else len([s for s in stuck if s > capacity])

    known = bool(transitions or history["samples"])
    made["transitions_per_hour"] = changes / ((now - start) / SECOND / 3600) if known and now > start else None
    made["flapping"] = int(recent > 5)
    made["flap_percentage"] = flap_percentage(transitions, present["state"], now)
    made["fallback_success_rate"] = share(by["answered"] + by["queued"], sum(by.values()))
    timed = buckets(good + failed)
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        made[name] = quantile(timed, q)
    made["apdex"] = None
    target = present["slow_above"]
    if target is not None and good + failed:
        quick, tolerable = within(buckets(good), target), within(buckets(good), 4 * target)
        made["apdex"] = (quick + (tolerable - quick) / 2) / len(good + failed)
    made["availability_gained"] = share(protected, asked)
    made["at_risk"] = made["protected"] = None
    if present["value"] is not None and asked:
        made["at_risk"] = (len(failed) + len(refused)) * present["value"]
        made["protected"] = protected * present["value"]
    return made


def same(ours, theirs):
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=2e-9)


def main():
    wrong, histories, had = 0, 0, {}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            history = json.loads(line)
            histories += 1
            ours, theirs = figures(history), history["figures"]
            if ours.keys() != theirs.keys():
                print(f"other figures: {sorted(ours.keys() ^ theirs.keys())}")
                return 1
            for name, value in ours.items():
                had[name] = had.get(name, 0) + (value not in (None, 0))
                if not same(value, theirs[name]):
                    wrong += 1
                    if wrong <= 20:
                        print(f"history {history['seed']}: {name}: {theirs[name]}, but the events give {value}")
    seldom = [name for name, count in had.items() if histories >= 1000 and count < 20]
    if seldom:
        print(f"hardly ever anything but empty or 0, so not tested: {seldom}")
    print(f"{histories} histories, {wrong} differences")
    return 1 if wrong or seldom else 0


if __name__ == "__main__":
    sys.exit(main())
