"""The rules of OTLP/HTTP in JSON, stricter than most collectors: every request is checked by itself and against those
before it. Sources: opentelemetry-proto's .proto files, and the mapping to JSON in its specification."""
import gzip
import json
import re

INT64 = range(-(2**63), 2**63)
UINT64 = range(0, 2**64)


def decimal(within):
    def check(value):
        fits = isinstance(value, str) and re.fullmatch(r"0|-?[1-9]\d*", value) and int(value) in within
        return None if fits else "is not a 64-bit integer as a decimal string"
    return check


def text(value):
    return None if isinstance(value, str) else "is not a string"


def truth(value):
    return None if isinstance(value, bool) else "is not a boolean"


def double(value):
    if value in ("NaN", "Infinity", "-Infinity"):
        return None
    return None if isinstance(value, (int, float)) and not isinstance(value, bool) else "is not a number"


def uint32(value):
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    return None if fits else "is not a 32-bit integer"


def enumeration(*known):
    return lambda value: None if isinstance(value, int) and value in known else f"is not one of the numbers {known}"


def hex_id(size):
    def check(value):
        fits = isinstance(value, str) and re.fullmatch(rf"[0-9a-f]{{{size}}}", value) and set(value) != {"0"}
        return None if fits else f"is not an id of {size} hex digits"
    return check


ANY_VALUE, KEY_VALUE = {}, {}
ANY_VALUE.update(stringValue=text, boolValue=truth, intValue=decimal(INT64), doubleValue=double)
KEY_VALUE.update(key=text, value=ANY_VALUE)
RESOURCE = {"attributes": [KEY_VALUE], "droppedAttributesCount": uint32}
SCOPE = {"name": text, "version": text}
NUMBER_POINT = {"attributes": [KEY_VALUE], "startTimeUnixNano": decimal(UINT64), "timeUnixNano": decimal(UINT64),
                "asDouble": double, "asInt": decimal(INT64)}
HISTOGRAM_POINT = {"attributes": [KEY_VALUE], "startTimeUnixNano": decimal(UINT64), "timeUnixNano": decimal(UINT64),
                   "count": decimal(UINT64), "sum": double, "bucketCounts": [decimal(UINT64)],
                   "explicitBounds": [double]}
METRIC = {"name": text, "description": text, "unit": text, "gauge": {"dataPoints": [NUMBER_POINT]},
          "sum": {"dataPoints": [NUMBER_POINT], "aggregationTemporality": enumeration(2), "isMonotonic": truth},
          "histogram": {"dataPoints": [HISTOGRAM_POINT], "aggregationTemporality": enumeration(2)}}
METRICS = {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": SCOPE, "metrics": [METRIC]}]}]}
EVENT = {"timeUnixNano": decimal(UINT64), "name": text, "attributes": [KEY_VALUE]}
SPAN = {"traceId": hex_id(32), "spanId": hex_id(16), "parentSpanId": hex_id(16), "traceState": text, "flags": uint32,
        "name": text, "kind": enumeration(1, 2, 3, 4, 5), "startTimeUnixNano": decimal(UINT64),
        "endTimeUnixNano": decimal(UINT64), "attributes": [KEY_VALUE], "events": [EVENT],
        "status": {"code": enumeration(1, 2), "message": text}}
TRACES = {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": SCOPE, "spans": [SPAN]}]}]}
SCHEMAS = {"/v1/metrics": METRICS, "/v1/traces": TRACES}
NEEDED = {id(KEY_VALUE): ["key", "value"], id(SPAN): ["traceId", "spanId", "name", "kind", "startTimeUnixNano",
                                                      "endTimeUnixNano", "flags"],
          id(METRIC): ["name"], id(NUMBER_POINT): ["timeUnixNano", "asDouble"],
          id(HISTOGRAM_POINT): ["timeUnixNano", "startTimeUnixNano", "count", "bucketCounts", "explicitBounds"],
          id(EVENT): ["timeUnixNano", "name"], id(METRIC["sum"]): ["dataPoints", "aggregationTemporality", "isMonotonic"],
          id(METRIC["histogram"]): ["dataPoints", "aggregationTemporality"], id(METRIC["gauge"]): ["dataPoints"]}
PARENT_KNOWN, PARENT_REMOTE = 0x100, 0x200


def attributes_of(of):
    return {each["key"]: next(iter(each["value"].values())) for each in of.get("attributes", [])}


class Rules:
    """`problems` has a line for every rule that was broken."""

    def __init__(self):
        self.problems = []
        self.spans = {}      # (trace, span) -> span
        self.series = {}     # (instance, name, attributes) -> the point before
        self.metrics = {}    # (name, attributes) -> the last point

    def wrong(self, what):
        self.problems.append(what)

    def request(self, method, path, headers, body):
        """The decoded request, or None. `headers` by lower-case names."""
        if method != "POST" or path not in SCHEMAS:
            return self.wrong(f"{method} {path} is not a request of OTLP")
        if headers.get("content-type") != "application/json":
            self.wrong(f"Content-Type is {headers.get('content-type')}")
        coding = headers.get("content-encoding")
        if coding == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError) as error:
                return self.wrong(f"gzip: {error}")
        elif coding is not None:
            return self.wrong(f"Content-Encoding is {coding}")
        try:
            request = json.loads(body.decode("utf-8"), object_pairs_hook=self.unique, parse_constant=self.wrong)
        except ValueError as error:
            return self.wrong(f"JSON: {error}")
        before = len(self.problems)
        self.check(request, SCHEMAS[path], path)
        if len(self.problems) != before:
            return None
        for group in next(iter(request.values())):
            self.group(path, group)
        return request

    def unique(self, pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            self.wrong(f"a name twice in one object: {[name for name, _ in pairs]}")
        return dict(pairs)

    def check(self, value, schema, where):
        if callable(schema):
            if (problem := schema(value)) is not None:
                self.wrong(f"{where}: {value!r} {problem}")
        elif isinstance(schema, list):
            if not isinstance(value, list):
                return self.wrong(f"{where}: not a list")
            for i, each in enumerate(value):
                self.check(each, schema[0], f"{where}[{i}]")
        elif not isinstance(value, dict):
            self.wrong(f"{where}: not an object")
        else:
            for name in NEEDED.get(id(schema), [] if schema is not METRICS and schema is not TRACES else schema):
                if name not in value:
                    self.wrong(f"{where}.{name}: missing")
            if schema is ANY_VALUE and len(value) != 1:
                self.wrong(f"{where}: {len(value)} values instead of one")
            for name, each in value.items():
                if name not in schema:
                    self.wrong(f"{where}.{name}: unknown field")
                else:
                    self.check(each, schema[name], f"{where}.{name}")
            if "attributes" in schema:
                keys = [pair.get("key") for pair in value.get("attributes", []) if isinstance(pair, dict)]
                if len(set(keys)) != len(keys):
                    self.wrong(f"{where}.attributes: a key twice: {keys}")

    def group(self, path, group):
        resource = attributes_of(group.get("resource", {}))
        for name in ("service.name", "service.version", "service.instance.id"):
            if not resource.get(name):
                self.wrong(f"the resource has no {name}")
        instance = resource.get("service.instance.id")
        for scope in group.get("scopeMetrics", []) + group.get("scopeSpans", []):
            if not scope.get("scope", {}).get("name"):
                self.wrong("a scope without a name")
            seen = set()
            for metric in scope.get("metrics", []):
                self.metric(instance, metric, seen)
            for span in scope.get("spans", []):
                self.span(span)

    def metric(self, instance, metric, seen):
        kinds = [kind for kind in ("gauge", "sum", "histogram") if kind in metric]
        if len(kinds) != 1 or not metric["name"]:
            return self.wrong(f"metric {metric['name']!r} has {kinds}")
        points = metric[kinds[0]]["dataPoints"]
        if not points:
            self.wrong(f"{metric['name']} has no point")
        for point in points:
            attributes = tuple(sorted(attributes_of(point).items()))
            where = f"{metric['name']}{dict(attributes)}"
            if (metric["name"], attributes) in seen:
                self.wrong(f"{where}: twice in one request")
            seen.add((metric["name"], attributes))
            self.point(where, kinds[0], metric[kinds[0]].get("isMonotonic", kinds[0] == "histogram"), point,
                       self.series.get((instance, metric["name"], attributes)))
            self.series[(instance, metric["name"], attributes)] = point
            self.metrics[(metric["name"], attributes)] = point

    def point(self, where, kind, monotonic, point, before):
        time, start = int(point["timeUnixNano"]), int(point.get("startTimeUnixNano", 0))
        if kind != "gauge" and not 0 < start <= time:
            self.wrong(f"{where}: begins at {start}, after its point at {time}")
        if kind == "histogram":
            counts = [int(count) for count in point["bucketCounts"]]
            bounds = point["explicitBounds"]
            if len(counts) != len(bounds) + 1 or sorted(set(bounds)) != bounds:
                self.wrong(f"{where}: {len(counts)} buckets for the bounds {bounds}")
            if sum(counts) != int(point["count"]):
                self.wrong(f"{where}: buckets hold {sum(counts)} of {point['count']}")
        if before is None:
            return
        if time <= int(before["timeUnixNano"]):
            self.wrong(f"{where}: time does not rise")
        start_before = int(before.get("startTimeUnixNano", 0))
        if start < start_before:
            self.wrong(f"{where}: start goes back")
        if start > start_before and start < int(before["timeUnixNano"]):
            self.wrong(f"{where}: begins anew before its last point")
        value = [float(each.get("asDouble", each.get("count", 0))) for each in (before, point)]
        if monotonic and start == start_before and value[1] < value[0]:
            self.wrong(f"{where}: falls from {value[0]} to {value[1]} without a new start")

    def span(self, span):
        where = f"span {span['name']!r} {span['spanId']}"
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        if not 0 < start <= end:
            self.wrong(f"{where}: ends before it begins")
        if not span["name"]:
            self.wrong(f"{where}: has no name")
        for event in span.get("events", []):
            if not start <= int(event["timeUnixNano"]) <= end or not event["name"]:
                self.wrong(f"{where}: event {event} is not within it")
        if not span["flags"] & PARENT_KNOWN or (span["flags"] & PARENT_REMOTE and "parentSpanId" not in span):
            self.wrong(f"{where}: flags {span['flags']:#x} do not fit its parent")
        key = (span["traceId"], span["spanId"])
        if key in self.spans and self.spans[key] != span:
            self.wrong(f"{where}: another span has its id")
        self.spans[key] = span

    def links(self):
        """Parents of one process, once all spans have come."""
        for (trace, _), span in self.spans.items():
            if "parentSpanId" not in span or span["flags"] & PARENT_REMOTE:
                continue
            parent = self.spans.get((trace, span["parentSpanId"]))
            if parent is None:
                self.wrong(f"span {span['name']!r}: its parent {span['parentSpanId']} has not come")
            elif not (int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
                      and int(span["endTimeUnixNano"]) <= int(parent["endTimeUnixNano"])):
                self.wrong(f"span {span['name']!r}: is not within its parent")
