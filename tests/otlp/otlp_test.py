#!/usr/bin/env python3
"""The gateway before a collector: a real process, a strict receiver. usage: otlp_test.py BINARY [TEST…]"""
import math
import re
import subprocess
import sys
import unittest

from otlp_rules import attributes_of
from processes import Collector, Gateway, Service, eventually

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-00"}
RETRIES = "{timeout: 60s, retry: {max_attempts: 3, base: 1ms}}"


class Processes(unittest.TestCase):
    """What a test starts ends with it; what its collector got kept every rule."""

    def setUp(self):
        self.service = Service()
        self.addCleanup(self.service.close)

    def collector(self, **more):
        collector = Collector(**more)
        self.addCleanup(collector.kill)
        return collector

    def gateway(self, telemetry, **more):
        gateway = Gateway(BINARY, self.service, telemetry, **more)
        self.addCleanup(gateway.close)
        return gateway

    def exporting(self, collector, otlp="", telemetry="", **more):
        return self.gateway(f'{{otlp: {{endpoint: "http://127.0.0.1:{collector.port}"{otlp}}}{telemetry}}}', **more)

    def finish(self, gateway, collector):
        """Ends the gateway, which sends what is left, and looks at all that has come."""
        code, _ = gateway.end()
        self.assertEqual(code, 0, gateway.log())
        collector.kill()
        collector.rules.links()
        self.assertEqual(collector.rules.problems, [])


class Spans(Processes):
    def test_a_call_and_its_attempts_are_one_trace_with_the_clients_and_the_services_spans(self):
        collector = self.collector()
        gateway = self.exporting(collector, policy=RETRIES)
        self.service.answers = [503]
        self.assertEqual(gateway.call("/cart?secret=1", {**SAMPLED, "tracestate": "rojo=1"}), 200)
        self.finish(gateway, collector)
        spans = list(collector.rules.spans.values())
        self.assertEqual(len(spans), 3)
        call = next(span for span in spans if span["kind"] == 2)
        first, second = sorted((span for span in spans if span["kind"] == 3), key=lambda s: int(s["startTimeUnixNano"]))
        self.assertEqual({span["traceId"] for span in spans}, {TRACE})
        self.assertEqual(call["parentSpanId"], CALLER)
        self.assertEqual(call["flags"], 0x301)
        self.assertEqual(call["traceState"], "rojo=1")
        self.assertEqual(call["name"], "GET shop")
        self.assertNotIn("status", call)
        self.assertEqual(attributes_of(call), {
            "http.request.method": "GET", "url.scheme": "http", "url.path": "/cart", "switchgear.service": "shop",
            "http.response.status_code": "200", "switchgear.attempts": "2", "switchgear.ending": "answered"})
        self.assertEqual((first["parentSpanId"], second["parentSpanId"]), (call["spanId"], call["spanId"]))
        self.assertEqual(attributes_of(first), {
            "http.request.method": "GET", "server.address": "127.0.0.1", "server.port": str(self.service.port),
            "switchgear.verdict": "failure", "http.response.status_code": "503", "error.type": "503"})
        self.assertEqual(first["status"], {"code": 2})
        self.assertEqual(attributes_of(second), {
            "http.request.method": "GET", "server.address": "127.0.0.1", "server.port": str(self.service.port),
            "http.request.resend_count": "1", "switchgear.verdict": "success", "http.response.status_code": "200"})
        self.assertEqual([request["traceparent"] for request in self.service.requests],
                         [f"00-{TRACE}-{span['spanId']}-01" for span in (first, second)])
        self.assertEqual({request["tracestate"] for request in self.service.requests}, {"rojo=1"})

    def test_a_refusal_is_an_event(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1",
                                 policy="{timeout: 60s, circuit_breaker: {consecutive_failures: 1, open_duration: 1h}}")
        self.service.answers = [500]
        self.assertEqual(gateway.call(), 500)
        self.assertEqual(gateway.call(), 503)
        self.finish(gateway, collector)
        refused, = [span for span in collector.rules.spans.values() if span.get("events")]
        self.assertEqual(attributes_of(refused)["error.type"], "open")
        self.assertEqual(attributes_of(refused)["switchgear.attempts"], "0")
        self.assertEqual(attributes_of(refused)["http.response.status_code"], "503")
        event, = refused["events"]
        self.assertEqual(event["name"], "switchgear.rejected")
        self.assertEqual(attributes_of(event)["switchgear.reason"], "open")
        self.assertEqual(attributes_of(event)["switchgear.policy"], "shop")
        self.assertGreater(attributes_of(event)["switchgear.retry_after"], 3000)

    def test_a_refusal_that_a_fallback_answers_for_is_an_event_and_no_error(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1",
                                 policy="{timeout: 60s, circuit_breaker: {consecutive_failures: 1, open_duration: 1h}, "
                                        "fallback: {value: {body: later}}}")
        self.service.answers = [500]
        self.assertEqual((gateway.call(), gateway.call()), (200, 200))
        self.finish(gateway, collector)
        refused, = [span for span in collector.rules.spans.values() if span.get("events")]
        self.assertEqual(attributes_of(refused)["switchgear.source"], "fallback")
        self.assertNotIn("status", refused)
        event, = refused["events"]
        self.assertEqual(attributes_of(event)["switchgear.reason"], "open")

    def test_a_service_that_cannot_be_reached_is_an_error_with_its_cause(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1")
        self.service.close()
        self.assertEqual(gateway.call(), 502)
        self.finish(gateway, collector)
        attempt, = [span for span in collector.rules.spans.values() if span["kind"] == 3]
        self.assertEqual(attributes_of(attempt)["error.type"], "connection_refused")

    def test_a_hedge_and_the_attempt_that_it_overtakes_are_both_told_of(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1", policy="{timeout: 60s, hedge: {delay: 1ms}}")
        self.service.answers = ["none"]
        self.assertEqual(gateway.call(), 200)
        self.finish(gateway, collector)
        hedge, = collector.spans_with("switchgear.hedge", True)
        overtaken, = collector.spans_with("switchgear.cancelled", True)
        self.assertEqual(attributes_of(hedge)["http.response.status_code"], "200")
        self.assertNotIn("http.response.status_code", attributes_of(overtaken))
        self.assertEqual(hedge["parentSpanId"], overtaken["parentSpanId"])
        self.assertEqual([request["traceparent"].split("-")[2] for request in self.service.requests],
                         [overtaken["spanId"], hedge["spanId"]])

    def test_methods_that_a_client_made_up_are_one_name(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1")
        self.assertEqual(gateway.call(method="BREW"), 200)
        self.finish(gateway, collector)
        self.assertEqual({span["name"] for span in collector.rules.spans.values()}, {"HTTP shop"})
        self.assertEqual(len(collector.spans_with("http.request.method", "_OTHER")), 2)

    def test_a_batch_is_sent_long_before_the_interval_is_over(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1, interval: 1h")
        for _ in range(300):
            gateway.call()
        eventually(lambda: len(collector.rules.spans) >= 512, "a batch of 512 spans")
        self.finish(gateway, collector)
        self.assertEqual(len(collector.rules.spans), 600)

    def test_what_is_left_when_the_gateway_ends_is_sent(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1, interval: 1h")
        gateway.call()
        self.finish(gateway, collector)
        self.assertEqual(len(collector.rules.spans), 2)
        self.assertEqual(collector.metric("switchgear_gateway_requests_total", service="shop", code_class="2xx"), 1)


class Headers(Processes):
    def test_without_the_section_every_header_passes_as_it_is(self):
        gateway = self.gateway("")
        headers = {"traceparent": "nonsense", "tracestate": "A", "x-request-id": "a b"}
        gateway.call(headers=headers)
        gateway.call()
        self.assertEqual({**self.service.requests[0], **headers}, self.service.requests[0])
        self.assertFalse({"traceparent", "tracestate", "x-request-id"} & set(self.service.requests[1]))

    def test_a_trace_that_its_caller_does_not_record_goes_on_unrecorded(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1")
        gateway.call(headers=UNSAMPLED)
        self.finish(gateway, collector)
        version, trace, span, flags = self.service.requests[0]["traceparent"].split("-")
        self.assertEqual((version, trace, flags), ("00", TRACE, "00"))
        self.assertNotEqual(span, CALLER)
        self.assertEqual(collector.rules.spans, {})

    def test_a_trace_begins_here_when_there_is_none_or_none_to_believe(self):
        gateway = self.gateway("{trace: w3c}")
        bad = [{}, {"traceparent": f"00-{TRACE.upper()}-{CALLER}-01", "tracestate": "a=1"},
               {"traceparent": f"00-{'0' * 32}-{CALLER}-01"}, {"traceparent": f"00-{TRACE}-{'0' * 16}-01"}]
        for headers in bad:
            gateway.call(headers=headers)
        traces = set()
        for request in self.service.requests:
            found = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-00", request["traceparent"])
            self.assertTrue(found, request)
            self.assertNotIn("tracestate", request)
            traces.add(found[1])
        self.assertEqual(len(traces), len(bad))

    def test_a_share_of_traces_that_begin_here_is_recorded(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 0.5, interval: 1h")
        for _ in range(200):
            gateway.call()
        self.finish(gateway, collector)
        sampled = {request["traceparent"].split("-")[1] for request in self.service.requests
                   if request["traceparent"].endswith("-01")}
        self.assertEqual({trace for trace, _ in collector.rules.spans}, sampled)
        self.assertTrue(50 < len(sampled) < 150, f"{len(sampled)} of 200: one in ten million runs")

    def test_a_request_id_is_kept_or_made_and_is_the_same_for_every_attempt(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", traces: 1", ", request_id: X-Correlation-ID", policy=RETRIES)
        gateway.call(headers={"X-Correlation-Id": "till-7"})
        self.service.answers = [503, 503]
        gateway.call()
        gateway.call(headers={"X-Correlation-Id": "no good"})
        self.finish(gateway, collector)
        ids = [request["x-correlation-id"] for request in self.service.requests]
        self.assertEqual(ids[0], "till-7")
        self.assertRegex(ids[1], r"^[0-9a-f]{32}$")
        self.assertEqual(ids[1:4], [ids[1]] * 3)
        self.assertRegex(ids[4], r"^[0-9a-f]{32}$")
        self.assertNotEqual(ids[4], ids[1])
        for made in set(ids):
            self.assertEqual(len(collector.spans_with("switchgear.request_id", made)), 1)

    def test_a_reload_changes_what_is_added_and_recorded_but_not_where_it_goes(self):
        collector = self.collector()
        endpoint = f'otlp: {{endpoint: "http://127.0.0.1:{collector.port}", interval: 1h'
        gateway = self.gateway(f"{{{endpoint}, traces: 0}}}}")
        gateway.call()
        gateway.write(f"{{{endpoint}, traces: 1}}, request_id: x-request-id}}")
        self.assertNotIn("after a restart", gateway.admin("/reload", "POST"))
        gateway.call()
        gateway.write('{otlp: {endpoint: "http://127.0.0.1:1"}, trace: off}')
        self.assertIn("after a restart", gateway.admin("/reload", "POST"))
        gateway.call()
        self.finish(gateway, collector)
        self.assertEqual(len(collector.rules.spans), 2)
        sent = [set(request) & {"traceparent", "x-request-id"} for request in self.service.requests]
        self.assertEqual(sent, [{"traceparent"}, {"traceparent", "x-request-id"}, set()])


class Figures(Processes):
    def test_every_figure_of_the_metrics_page_comes_with_the_same_value(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", interval: 100ms",
                                 policy="{circuit_breaker: {consecutive_failures: 3}, retry: {max_attempts: 2}}")
        for _ in range(5):
            gateway.call()
        calls = ("circuit_breaker_calls_total", {"circuit": "shop", "result": "success"})
        eventually(lambda: collector.metric(calls[0], **calls[1]) == 5, "5 calls")
        eventually(lambda: collector.count("/v1/metrics") > 3, "several collections")
        page = gateway.admin("/metrics")
        self.finish(gateway, collector)
        missing = []
        for name, labels, value in re.findall(r"^(\w+)(?:{(.*)})? (\S+)$", page, re.MULTILINE):
            if re.match(r"switchgear_(admin|events|otlp|build_info|uptime)|.*_(bucket|sum|count|per_hour)$", name):
                continue
            key = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            told = collector.metric(name, **key)
            same = told is not None and math.isclose(told, float(value), rel_tol=1e-12)  # the page has 16 digits
            if not same and "connections" not in name:
                missing.append((name, key, value, collector.metric(name, **key)))
        self.assertEqual(missing, [])
        durations = [point for (name, _), point in collector.rules.metrics.items()
                     if name == "circuit_breaker_call_duration_seconds"]
        self.assertEqual(sum(int(point["count"]) for point in durations), 5)

    def test_say_who_sends_them(self):
        collector = self.collector()
        gateway = self.exporting(collector, ", interval: 100ms, resource: {service.name: edge, zone: a}, "
                                            "headers: {x-api-key: s3cret}")
        eventually(lambda: collector.count("/v1/metrics"), "figures")
        self.assertEqual(collector.headers["x-api-key"], "s3cret")
        self.assertEqual(collector.headers["content-encoding"], "gzip")
        self.finish(gateway, collector)
        self.assertNotIn("s3cret", gateway.log())


class Delivery(Processes):
    def traced(self, collector, otlp="", **more):
        return self.exporting(collector, ", traces: 1, interval: 100ms" + otlp, **more)

    def all_spans_come(self, gateway, collector, calls):
        eventually(lambda: len(collector.rules.spans) >= 2 * calls, f"{2 * calls} spans")
        self.finish(gateway, collector)
        self.assertEqual(len(collector.rules.spans), 2 * calls)
        self.assertNotIn("not delivered", gateway.log())

    def test_a_collector_that_is_busy_gets_the_same_spans_later(self):
        for status in (429, 502, 503, 504):
            with self.subTest(status):
                collector = self.collector()
                collector.answer(path="/v1/traces", status=status, times=2)
                gateway = self.traced(collector)
                gateway.call()
                self.all_spans_come(gateway, collector, 1)
                self.assertEqual(collector.count("/v1/traces", status), 2)
                self.assertEqual(gateway.log().count(f"it answered with {status}"), 1, "said once")
                self.assertIn("takes traces again", gateway.log())

    def test_a_retry_after_is_waited_for(self):
        collector = self.collector()
        collector.answer(path="/v1/traces", status=429, headers={"Retry-After": "3600"})
        gateway = self.traced(collector)
        gateway.call()
        eventually(lambda: collector.count("/v1/traces", 429), "the answer 429")
        seen = collector.count("/v1/metrics")
        eventually(lambda: collector.count("/v1/metrics") > seen + 10, "ten intervals")
        self.assertEqual(collector.count("/v1/traces"), 0)
        self.finish(gateway, collector)
        self.assertEqual(len(collector.rules.spans), 2, "sent at the end")

    def test_a_request_that_is_refused_is_not_repeated_and_its_spans_are_counted(self):
        collector = self.collector()
        collector.answer(path="/v1/traces", status=400, body={"code": 3, "message": "no\nsuch field"})
        gateway = self.traced(collector)
        gateway.call()
        eventually(lambda: gateway.figure("switchgear_otlp_spans_dropped_total") == 2, "2 spans lost")
        gateway.call()
        eventually(lambda: len(collector.rules.spans) == 2, "the next spans")
        self.assertEqual(collector.count("/v1/traces", 400), 1)
        self.assertEqual(gateway.figure('switchgear_otlp_requests_total{signal="traces",result="refused"}'), 1)
        self.finish(gateway, collector)
        self.assertIn("it answered with 400: no such field", gateway.log())

    def test_a_partial_success_is_logged_and_counted_and_not_repeated(self):
        collector = self.collector()
        collector.answer(path="/v1/traces", body={"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}})
        collector.answer(path="/v1/metrics", body={"partialSuccess": {"rejectedDataPoints": "7"}})
        gateway = self.traced(collector)
        gateway.call()
        eventually(lambda: gateway.figure('switchgear_otlp_rejected_total{signal="traces"}') == 1, "1 span rejected")
        eventually(lambda: gateway.figure('switchgear_otlp_rejected_total{signal="metrics"}') == 7, "7 points rejected")
        self.finish(gateway, collector)
        self.assertIn("it rejected 1: too old", gateway.log())
        self.assertEqual(collector.count("/v1/traces"), 1)

    def test_a_collector_that_is_killed_gets_what_it_missed_when_it_is_back(self):
        collector = self.collector()
        gateway = self.traced(collector)
        gateway.call()
        eventually(lambda: len(collector.rules.spans) == 2, "the first spans")
        eventually(lambda: collector.count("/v1/metrics"), "the first figures")
        collector.kill()
        for _ in range(20):
            self.assertEqual(gateway.call(), 200)
        unavailable = 'switchgear_otlp_requests_total{signal="traces",result="unavailable"}'
        eventually(lambda: gateway.figure(unavailable), "a request without an answer")
        self.assertEqual(gateway.figure("switchgear_otlp_spans_dropped_total"), 0)
        again = self.collector(port=collector.port, rules=collector.rules)
        self.all_spans_come(gateway, again, 21)
        self.assertEqual(again.metric("switchgear_gateway_requests_total", service="shop", code_class="2xx"), 21)

    def test_a_collector_that_never_answers_costs_calls_nothing_and_the_end_a_few_seconds(self):
        collector = self.collector()
        collector.answer(say="nothing", times=1_000_000)
        gateway = self.traced(collector)
        for _ in range(30):
            self.assertEqual(gateway.call(), 200)
        eventually(lambda: collector.requests, "a request")
        code, seconds = gateway.end()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 30)
        self.assertIn("60 spans were not delivered, and are lost", gateway.log())

    def test_a_collector_that_is_away_costs_at_most_a_bounded_queue(self):
        collector = self.collector()
        collector.kill()
        self.service.close()
        attempts, calls = 50, 200
        gateway = self.traced(collector, policy=f"{{timeout: 60s, retry: {{max_attempts: {attempts}, base: 0s}}}}")
        for _ in range(calls):
            self.assertEqual(gateway.call(), 502)
        eventually(lambda: gateway.figure("switchgear_otlp_spans_dropped_total"), "dropped spans")
        self.assertLessEqual(gateway.figure("switchgear_otlp_spans_waiting"), 8192)
        code, _ = gateway.end()
        self.assertEqual(code, 0)
        self.assertIn(f"{(attempts + 1) * calls} spans were not delivered, and are lost", gateway.log())

    def test_https_is_spoken_and_the_certificate_checked(self):
        gateway = self.gateway("")  # for its folder
        files = [f"{gateway.directory}/{name}.pem" for name in ("certificate", "key")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1", "-out",
                        files[0], "-keyout", files[1]], check=True, capture_output=True)
        collector = self.collector(tls=files)
        url = f"https://127.0.0.1:{collector.port}"
        trusting = self.gateway(f'{{otlp: {{endpoint: "{url}", interval: 100ms, tls: {{ca: "{files[0]}"}}}}}}')
        doubting = self.gateway(f'{{otlp: {{endpoint: "{url}", interval: 100ms}}}}')
        eventually(lambda: collector.count("/v1/metrics") > 1, "figures")
        eventually(lambda: f"metrics of {url}: " in doubting.log(), "a word about the certificate")
        self.assertEqual(doubting.end()[0], 0)
        self.finish(trusting, collector)


if __name__ == "__main__":
    unittest.main()
