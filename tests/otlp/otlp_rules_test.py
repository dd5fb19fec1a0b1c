#!/usr/bin/env python3
"""The receiver's rules catch what breaks them."""
import copy
import json
import unittest

from otlp_rules import Rules

JSON = {"content-type": "application/json"}


def attributes(**values):
    return [{"key": name.replace("_", "."), "value": {"stringValue": value}} for name, value in values.items()]


RESOURCE = {"attributes": attributes(service_name="a", service_version="1", service_instance_id="i")}
SPAN = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "GET", "kind": 2, "startTimeUnixNano": "10",
        "endTimeUnixNano": "20", "flags": 0x101, "attributes": attributes(a="b"),
        "events": [{"timeUnixNano": "15", "name": "e"}], "status": {"code": 2}}
SUM = {"name": "a_total", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
    {"attributes": attributes(a="b"), "startTimeUnixNano": "5", "timeUnixNano": "10", "asDouble": 3.0}]}}
HISTOGRAM = {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [
    {"startTimeUnixNano": "5", "timeUnixNano": "10", "count": "3", "sum": 1.5, "bucketCounts": ["1", "2"],
     "explicitBounds": [0.5]}]}}


def spans(*all_of_them):
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": {"name": "s"},
                                                                     "spans": list(all_of_them)}]}]}


def metrics(*all_of_them):
    return {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": {"name": "s"},
                                                                         "metrics": list(all_of_them)}]}]}


def changed(original, path, value):
    """A copy; `value` None takes the member away."""
    made = copy.deepcopy(original)
    at = made
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


class OtlpRules(unittest.TestCase):
    def problems(self, *requests):
        rules = Rules()
        for request in requests:
            path = "/v1/traces" if "resourceSpans" in request else "/v1/metrics"
            rules.request("POST", path, JSON, json.dumps(request).encode())
        rules.links()
        return rules.problems

    def test_take_what_is_right(self):
        later = changed(changed(SUM, ["sum", "dataPoints", 0, "timeUnixNano"], "11"),
                        ["sum", "dataPoints", 0, "asDouble"], 4.0)
        child = {**SPAN, "spanId": "3" * 16, "parentSpanId": SPAN["spanId"]}
        self.assertEqual(self.problems(metrics(SUM, HISTOGRAM), metrics(later), spans(SPAN, child)), [])

    def test_find_spans_that_break_one(self):
        for path, value in [(["traceId"], "1" * 31), (["traceId"], "A" * 32), (["traceId"], "0" * 32),
                            (["spanId"], None), (["name"], ""), (["kind"], "SPAN_KIND_SERVER"), (["kind"], 9),
                            (["startTimeUnixNano"], 10), (["startTimeUnixNano"], "21"), (["endTimeUnixNano"], "1e3"),
                            (["span_id"], "2" * 16), (["flags"], 1), (["flags"], 0x301), (["flags"], None),
                            (["parentSpanId"], "4" * 16), (["parentSpanId"], ""), (["status", "code"], 0),
                            (["events", 0, "timeUnixNano"], "21"), (["attributes", 0, "value"], {"intValue": 1}),
                            (["attributes", 0, "value"], {}), (["attributes"], SPAN["attributes"] * 2)]:
            self.assertTrue(self.problems(spans(changed(SPAN, path, value))), f"{path} = {value}")
        other = changed(SPAN, ["name"], "POST")
        self.assertTrue(self.problems(spans(SPAN, other)), "two spans with one id")
        early = {**SPAN, "spanId": "3" * 16, "parentSpanId": SPAN["spanId"], "startTimeUnixNano": "9"}
        self.assertTrue(self.problems(spans(SPAN, early)), "a child before its parent")

    def test_find_metrics_that_break_one(self):
        point = ["sum", "dataPoints", 0]
        for path, value in [([*point, "asDouble"], "3"), ([*point, "asDouble"], None), ([*point, "timeUnixNano"], 10),
                            ([*point, "startTimeUnixNano"], None), ([*point, "startTimeUnixNano"], "11"),
                            (["sum", "aggregationTemporality"], 1), (["sum", "isMonotonic"], None),
                            (["sum", "dataPoints"], []), (["gauge"], {"dataPoints": [{}]}), (["name"], ""),
                            (["sum", "aggregation_temporality"], 2)]:
            self.assertTrue(self.problems(metrics(changed(SUM, path, value))), f"{path} = {value}")
        for name, value in [("bucketCounts", ["3"]), ("bucketCounts", ["1", "1"]), ("bucketCounts", [1, 2]),
                            ("explicitBounds", [0.5, 0.5]), ("count", 3), ("count", "4")]:
            broken = changed(HISTOGRAM, ["histogram", "dataPoints", 0, name], value)
            self.assertTrue(self.problems(metrics(broken)), f"{name} = {value}")
        self.assertTrue(self.problems(metrics(SUM), metrics(SUM)), "time stands still")
        later = changed(SUM, [*point, "timeUnixNano"], "20")
        self.assertTrue(self.problems(metrics(SUM), metrics(changed(later, [*point, "asDouble"], 2.0))), "a fall")
        self.assertTrue(self.problems(metrics(SUM), metrics(changed(later, [*point, "startTimeUnixNano"], "4"))))
        self.assertTrue(self.problems(metrics(SUM), metrics(changed(later, [*point, "startTimeUnixNano"], "6"))))
        self.assertTrue(self.problems(metrics(SUM, SUM)), "a series twice")

    def test_find_requests_that_break_one(self):
        good = json.dumps(spans(SPAN)).encode()
        for method, path, headers, body in [
                ("GET", "/v1/traces", JSON, good), ("POST", "/v1/trace", JSON, good),
                ("POST", "/v1/traces", {"content-type": "text/json"}, good),
                ("POST", "/v1/traces", {**JSON, "content-encoding": "gzip"}, good),
                ("POST", "/v1/traces", {**JSON, "content-encoding": "br"}, good),
                ("POST", "/v1/traces", JSON, good[:-1]), ("POST", "/v1/traces", JSON, b"\xff"),
                ("POST", "/v1/traces", JSON, good.replace(b'"kind": 2', b'"kind": 2, "kind": 2')),
                ("POST", "/v1/metrics", JSON, json.dumps(metrics(SUM)).encode().replace(b"3.0", b"NaN")),
                ("POST", "/v1/traces", JSON, good.replace(b"service.name", b"service.game"))]:
            rules = Rules()
            rules.request(method, path, headers, body)
            self.assertTrue(rules.problems, (method, path, headers, body))


if __name__ == "__main__":
    unittest.main()
