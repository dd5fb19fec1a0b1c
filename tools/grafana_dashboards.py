#!/usr/bin/env python3
"""Writes the Grafana dashboards under deploy/grafana/ (Classic model, core panels only).

usage: grafana_dashboards.py [--check] [ROOT]     --check: exit 1 if a committed file differs from what this writes

A dashboard is rows of panels; a panel is a title, a unit, and queries (expression, legend). Expressions use the
dashboards' variables $job, $instance, $circuit and $service, and $__rate_interval, which Grafana makes at least four
scrapes long.
"""
import json
import sys
from pathlib import Path

SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
WIDTH = 24

# The colours of the states, as on the built-in dashboard.
STATE_CODES = [
    {"type": "value", "options": {"0": {"text": "closed", "color": "green", "index": 0},
                                  "1": {"text": "half-open", "color": "yellow", "index": 1},
                                  "2": {"text": "open", "color": "red", "index": 2}}},
]

JOB = 'job=~"$job"'
BREAKER = f'{JOB},circuit=~"$circuit"'
GATEWAY = f'{JOB},instance=~"$instance"'
SERVICE = f'{GATEWAY},service=~"$service"'


def rate(metric, labels):
    return f"rate({metric}{{{labels}}}[$__rate_interval])"


def quantile(q, metric, labels, by):
    return f"histogram_quantile({q}, sum by ({', '.join(['le', *by])}) ({rate(metric + '_bucket', labels)}))"


def thresholds(*steps):
    return {"mode": "absolute",
            "steps": [{"color": color, "value": value} for value, color in ((None, "green"), *steps)]}


class Panel:
    def __init__(self, kind, title, queries, *, unit="short", width=12, height=8, help="", options=None, custom=None,
                 steps=(), mappings=(), maximum=None, transformations=()):
        self.kind, self.title, self.width, self.height = kind, title, width, height
        self.queries = [queries] if isinstance(queries, tuple) else queries
        defaults = {"unit": unit, "color": {"mode": "palette-classic"}, "custom": custom or {},
                    "mappings": list(mappings), "thresholds": thresholds(*steps)}
        if maximum is not None:
            defaults.update({"min": 0, "max": maximum})
        self.body = {
            "type": kind, "title": title, "description": help, "datasource": SOURCE,
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": options or {},
        }
        if transformations:
            self.body["transformations"] = list(transformations)

    def json(self, number, x, y):
        targets = [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expression, "legendFormat": legend,
                    **self.target_options()}
                   for i, (expression, legend) in enumerate(self.queries)]
        return {"id": number, "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height}, "targets": targets,
                **self.body}

    def target_options(self):
        if self.kind in ("stat", "table"):
            return {"instant": True, "range": False, "format": "table" if self.kind == "table" else "time_series"}
        if self.kind == "heatmap":
            return {"instant": False, "range": True, "format": "heatmap"}
        return {"instant": False, "range": True}


def stat(title, query, *, steps=(), unit="short", width=4, help="", mappings=()):
    panel = Panel("stat", title, query, unit=unit, width=width, height=4, steps=steps, help=help, mappings=mappings,
                  options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                           "colorMode": "value", "graphMode": "none", "textMode": "auto"})
    panel.body["fieldConfig"]["defaults"]["color"] = {"mode": "thresholds"}
    return panel


def series(title, queries, *, unit="short", width=12, help="", maximum=None, stacked=False):
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 20 if stacked else 8, "showPoints": "never",
              "spanNulls": False, "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    return Panel("timeseries", title, queries, unit=unit, width=width, help=help, maximum=maximum, custom=custom,
                 options={"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                          "tooltip": {"mode": "multi", "sort": "desc"}})


def states(title, query, *, width=24, height=8, help=""):
    panel = Panel("state-timeline", title, query, width=width, height=height, help=help, mappings=STATE_CODES,
                  custom={"fillOpacity": 80, "lineWidth": 0},
                  options={"mergeValues": True, "showValue": "never", "rowHeight": 0.8,
                           "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False}})
    panel.body["fieldConfig"]["defaults"]["color"] = {"mode": "thresholds"}
    return panel


def table(title, queries, *, columns, width=24, height=9, help="", mappings=()):
    """`columns`: field name -> shown name, in order; other fields are hidden."""
    merged = [{"id": "merge", "options": {}},
              {"id": "organize", "options": {
                  "excludeByName": {}, "indexByName": {name: i for i, name in enumerate(columns)},
                  "renameByName": dict(columns), "includeByName": {name: True for name in columns}}}]
    return Panel("table", title, queries, width=width, height=height, help=help, mappings=mappings,
                 transformations=merged, options={"showHeader": True, "cellHeight": "sm"})


def heatmap(title, query, *, unit="s", width=12, help=""):
    return Panel("heatmap", title, query, unit=unit, width=width, help=help,
                 options={"calculate": False, "yAxis": {"unit": unit}, "color": {"scheme": "Turbo", "mode": "scheme"},
                          "cellGap": 1, "tooltip": {"mode": "single", "yHistogram": False}})


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
            "query": {"query": query, "refId": name}, "refresh": 2, "includeAll": True, "multi": True,
            "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}, "sort": 1}


VARIABLES = {
    "job": variable("job", "Job", "label_values(switchgear_build_info, job)"),
    "instance": variable("instance", "Gateway", 'label_values(switchgear_build_info{job=~"$job"}, instance)'),
    "circuit": variable("circuit", "Circuit", 'label_values(circuit_breaker_state_code{job=~"$job"}, circuit)'),
    "service": variable("service", "Service", 'label_values(switchgear_call_duration_seconds_count{job=~"$job"}, service)'),
}

OPENINGS = {
    "name": "Openings", "datasource": SOURCE, "enable": True, "iconColor": "red",
    "expr": f'sum by (circuit) (increase(circuit_breaker_transitions_total{{{JOB},to="open"}}[1m])) > 0',
    "titleFormat": "{{circuit}} opened", "step": "60s",
}


def dashboard(uid, title, description, variables, rows):
    panels, number, y = [], 0, 0
    for heading, row in rows:
        number += 1
        panels.append({"id": number, "type": "row", "title": heading, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        y += 1
        x = height = 0
        for panel in row:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            number += 1
            panels.append(panel.json(number, x, y))
            x, height = x + panel.width, max(height, panel.height)
        y += height
    links = [{"type": "dashboards", "title": "Switchgear", "tags": ["switchgear"], "asDropdown": True,
              "keepTime": True, "includeVars": True}]
    source = {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}}
    return {
        "uid": uid, "title": title, "description": description, "tags": ["switchgear"], "schemaVersion": 39,
        "version": 1, "editable": True, "refresh": "10s", "time": {"from": "now-1h", "to": "now"}, "timezone": "",
        "templating": {"list": [source, *(VARIABLES[name] for name in variables)]},
        "annotations": {"list": [OPENINGS]}, "links": links, "panels": panels,
    }


def refused_share(labels, by):
    refused = f"sum by ({by}) ({rate('switchgear_circuit_breaker_rejections_total', labels)})"
    return f"{refused} / clamp_min(sum by ({by}) ({rate('circuit_breaker_calls_total', labels)}), 1e-9)"


def overview():
    calls = rate("circuit_breaker_calls_total", JOB)
    failed = rate("circuit_breaker_calls_total", JOB + ',result=~"failure|slow_failure"')
    return dashboard("switchgear-overview", "Switchgear / Overview", "All circuit breakers at a glance.", ["job"], [
        ("Now", [
            stat("Open", (f'count(max by (circuit) (circuit_breaker_state_code{{{JOB}}}) == 2) or vector(0)', ""),
                 steps=((1, "red"),), help="Circuits that refuse every call in at least one gateway."),
            stat("Half-open", (f'count(max by (circuit) (circuit_breaker_state_code{{{JOB}}}) == 1) or vector(0)', ""),
                 steps=((1, "orange"),), help="Circuits that are being probed."),
            stat("Circuits", (f"count(count by (circuit) (circuit_breaker_state_code{{{JOB}}}))", "")),
            stat("Calls", (f'sum({calls})', ""), unit="reqps", help="Refused ones included."),
            stat("Failed", (f'sum({failed}) / clamp_min(sum({calls}), 1e-9)', ""), unit="percentunit",
                 steps=((0.05, "orange"), (0.3, "red"))),
            stat("Openings in 24 h", (f'sum(increase(circuit_breaker_transitions_total{{{JOB},to="open"}}[24h]))', ""),
                 steps=((1, "orange"), (10, "red"))),
        ]),
        ("Circuits", [
            states("State", (f"max by (circuit) (circuit_breaker_state_code{{{JOB}}})", "{{circuit}}"),
                   help="The worst state among the gateways."),
            table("Circuits", [
                (f"max by (circuit) (circuit_breaker_state_code{{{JOB}}})", ""),
                (f"sum by (circuit) ({calls})", ""),
                (f"max by (circuit) (circuit_breaker_failure_ratio{{{JOB}}})", ""),
                (f"sum by (circuit) ({rate('switchgear_circuit_breaker_rejections_total', JOB)})", ""),
                (f'sum by (circuit) (increase(circuit_breaker_transitions_total{{{JOB},to="open"}}[24h]))', ""),
            ], columns={"circuit": "Circuit", "Value #A": "State (0 closed, 1 half-open, 2 open)", "Value #B": "Calls/s",
                        "Value #C": "Failure ratio", "Value #D": "Refused/s", "Value #E": "Openings, 24 h"}),
        ]),
        ("Trends", [
            series("Failure ratio of the window", (f"max by (circuit) (circuit_breaker_failure_ratio{{{JOB}}})", "{{circuit}}"),
                   unit="percentunit", maximum=1),
            series("Refused", (f"sum by (circuit) ({rate('switchgear_circuit_breaker_rejections_total', JOB)})", "{{circuit}}"),
                   unit="reqps"),
            series("99th percentile", (quantile(0.99, "switchgear_call_duration_seconds", JOB, ["service"]), "{{service}}"),
                   unit="s", help="Of attempts that came back, by service."),
            series("Calls", (f"sum by (circuit) ({calls})", "{{circuit}}"), unit="reqps", stacked=True),
        ]),
    ])


def breaker():
    by_result = f"sum by (result) ({rate('circuit_breaker_calls_total', BREAKER)})"
    opened = f'sum by (circuit) (increase(circuit_breaker_transitions_total{{{BREAKER},to="open"}}[1h]))'
    return dashboard("switchgear-breaker", "Switchgear / Breaker", "One circuit breaker, or some.", ["job", "circuit"], [
        ("Now", [
            stat("State", (f"max(circuit_breaker_state_code{{{BREAKER}}})", ""), steps=((1, "orange"), (2, "red")),
                 mappings=STATE_CODES),
            stat("Next probe in", (f"max(switchgear_circuit_breaker_retry_after_seconds{{{BREAKER}}}) or vector(0)", ""),
                 unit="s", help="What is left of the opening."),
            stat("Failure ratio", (f"max(circuit_breaker_failure_ratio{{{BREAKER}}})", ""), unit="percentunit",
                 steps=((0.3, "orange"), (0.5, "red"))),
            stat("Openings in 1 h", (f'sum(increase(circuit_breaker_transitions_total{{{BREAKER},to="open"}}[1h]))', ""),
                 steps=((1, "orange"), (5, "red"))),
            stat("Open in 24 h", (f"sum(increase(switchgear_circuit_breaker_open_seconds_total{{{BREAKER}}}[24h]))", ""),
                 unit="s"),
            stat("Only measures", (f"sum(switchgear_circuit_breaker_metrics_only{{{BREAKER}}})", ""),
                 help="Breakers that count, but refuse nothing (metrics_only)."),
        ]),
        ("State", [
            states("State, by gateway", (f"circuit_breaker_state_code{{{BREAKER}}}", "{{circuit}} {{instance}}")),
            series("Openings in the last hour", (opened, "{{circuit}}")),
            series("Share of time open", (f"sum by (circuit) ({rate('switchgear_circuit_breaker_open_seconds_total', BREAKER)})",
                                          "{{circuit}}"), unit="percentunit"),
        ]),
        ("Evidence", [
            series("Failure ratio of the window", (f"max by (circuit) (circuit_breaker_failure_ratio{{{BREAKER}}})", "{{circuit}}"),
                   unit="percentunit", maximum=1),
            series("Slow calls in the window", (f"max by (circuit) (circuit_breaker_slow_call_ratio{{{BREAKER}}})", "{{circuit}}"),
                   unit="percentunit", maximum=1),
            series("Calls by result", (by_result, "{{result}}"), unit="reqps", stacked=True),
            series("Failures by type", (f"sum by (type) ({rate('circuit_breaker_failures_total', BREAKER)})", "{{type}}"),
                   unit="reqps", stacked=True),
        ]),
        ("What it costs", [
            series("Refused, by reason", (f"sum by (reason) ({rate('switchgear_circuit_breaker_rejections_total', BREAKER)})",
                                          "{{reason}}"), unit="reqps", stacked=True),
            series("Refused share", (refused_share(BREAKER, "circuit"), "{{circuit}}"), unit="percentunit", maximum=1),
            series("Would have been refused", (f"sum by (circuit) ({rate('switchgear_circuit_breaker_would_reject_total', BREAKER)})",
                                               "{{circuit}}"), unit="reqps", help="By breakers that only measure."),
            series("Late results", (f"sum by (circuit) ({rate('switchgear_circuit_breaker_late_results_total', BREAKER)})",
                                    "{{circuit}}"), unit="reqps", help="Came back after the state had changed."),
        ]),
        ("Latency", [
            series("Quantiles", [(quantile(q, "circuit_breaker_call_duration_seconds", BREAKER, []), name)
                                 for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))], unit="s"),
            heatmap("Successes", (f'sum by (le) (increase(circuit_breaker_call_duration_seconds_bucket{{{BREAKER},'
                                  f'result="success"}}[$__rate_interval]))', "{{le}}")),
        ]),
    ])


def gateway():
    by_service = "sum by (service) ({})"

    def per_service(title, metric, unit="reqps", help="", legend="{{service}}", by="service"):
        return series(title, (f"sum by ({by}) ({rate(metric, SERVICE)})", legend), unit=unit, help=help, width=8)

    def level(title, metric, unit="short", help=""):
        return series(title, (by_service.format(f"{metric}{{{SERVICE}}}"), "{{service}}"), unit=unit, help=help, width=8)

    bad = rate("switchgear_gateway_requests_total", SERVICE + ',code_class="5xx"')
    hits = f"sum by (service) ({rate('switchgear_cache_hits_total', SERVICE)})"
    misses = f"sum by (service) ({rate('switchgear_cache_misses_total', SERVICE)})"
    return dashboard("switchgear-gateway", "Switchgear / Gateway", "Requests, connections and policies of the gateway.",
                     ["job", "instance", "service"], [
        ("Now", [
            stat("Requests", (f"sum({rate('switchgear_gateway_requests_total', SERVICE)})", ""), unit="reqps"),
            stat("5xx", (f"sum({bad}) / clamp_min(sum({rate('switchgear_gateway_requests_total', SERVICE)}), 1e-9)", ""),
                 unit="percentunit", steps=((0.01, "orange"), (0.05, "red"))),
            stat("Clients", (f"sum(switchgear_gateway_connections{{{GATEWAY}}})", ""), help="Connections that are open."),
            stat("Waiting for a connection", (f"sum(switchgear_gateway_pool_waiting{{{SERVICE}}})", ""), steps=((1, "orange"),)),
            stat("Stored calls", (f"sum(switchgear_fallback_queue_waiting{{{SERVICE}}}) or vector(0)", ""), steps=((1, "orange"),)),
            stat("Up since", (f"min(switchgear_uptime_seconds{{{GATEWAY}}})", ""), unit="dtdurations"),
        ]),
        ("Requests", [
            series("By service", (by_service.format(rate("switchgear_gateway_requests_total", SERVICE)), "{{service}}"),
                   unit="reqps", width=8),
            series("By answer", (f"sum by (code_class) ({rate('switchgear_gateway_requests_total', SERVICE)})", "{{code_class}}"),
                   unit="reqps", width=8, stacked=True, help="none: the client left first."),
            series("Attempts, 99th percentile", (quantile(0.99, "switchgear_call_duration_seconds", SERVICE, ["service"]),
                                                 "{{service}}"), unit="s", width=8),
            per_service("Failed attempts", "switchgear_failures_total", legend="{{service}} {{type}}", by="service, type"),
            per_service("Responses broken off", "switchgear_responses_aborted_total"),
            per_service("Loops", "switchgear_gateway_loops_total", help="Requests that came back to the gateway: 508."),
        ]),
        ("Connections", [
            series("Of clients", (f"sum by (instance) (switchgear_gateway_connections{{{GATEWAY}}})", "{{instance}}"), width=8),
            series("To services", (f"sum by (service, state) (switchgear_gateway_pool_connections{{{SERVICE}}})",
                                   "{{service}} {{state}}"), width=8, stacked=True),
            level("Calls that wait for one", "switchgear_gateway_pool_waiting"),
            series("Accepted", (f"sum by (instance) ({rate('switchgear_gateway_connections_accepted_total', GATEWAY)})",
                                "{{instance}}"), unit="cps", width=8),
            series("Not accepted, or closed for others", [
                (f"sum by (instance) ({rate('switchgear_gateway_accept_failures_total', GATEWAY)})", "{{instance}} not accepted"),
                (f"sum by (instance) ({rate('switchgear_gateway_idle_closed_total', GATEWAY)})", "{{instance}} closed for others"),
            ], unit="cps", width=8),
            per_service("Requests sent once more", "switchgear_gateway_fresh_attempts_total",
                        help="A kept connection turned out to be closed."),
        ]),
        ("Retries and hedges", [
            per_service("Retries", "switchgear_retries_total"),
            per_service("Given up", "switchgear_retries_given_up_total", legend="{{service}} {{reason}}", by="service, reason"),
            level("Left in the retry budget", "switchgear_retry_budget_left"),
            per_service("Refused by the budget", "switchgear_retry_budget_exhausted_total"),
            per_service("Hedges", "switchgear_hedges_total"),
            per_service("Hedges that won", "switchgear_hedge_wins_total"),
        ]),
        ("Limits", [
            level("Bulkhead, in use", "switchgear_bulkhead_in_use"),
            level("Bulkhead, waiting", "switchgear_bulkhead_waiting"),
            per_service("Bulkhead, refused", "switchgear_bulkhead_rejected_total", legend="{{service}} {{reason}}",
                        by="service, reason"),
            series("Adaptive limit", [
                (by_service.format(f"switchgear_adaptive_limit{{{SERVICE}}}"), "{{service}} limit"),
                (by_service.format(f"switchgear_adaptive_limit_in_flight{{{SERVICE}}}"), "{{service}} in flight"),
            ], width=8),
            level("Admission control, refused share", "switchgear_admission_rejection_ratio", unit="percentunit"),
            per_service("Admission control, refused", "switchgear_admission_rejected_total"),
            per_service("Rate limiter", "switchgear_rate_limiter_calls_total", legend="{{service}} {{result}}",
                        by="service, result"),
            per_service("Rate limiter, delayed", "switchgear_rate_limiter_delayed_total"),
        ]),
        ("Cache and fallback", [
            series("Cache, hit ratio", (f"{hits} / clamp_min({hits} + {misses}, 1e-9)", "{{service}}"), unit="percentunit",
                   maximum=1, width=8),
            level("Cache, memory", "switchgear_cache_bytes", unit="bytes"),
            per_service("Answers of the fallback", "switchgear_fallbacks_total", legend="{{service}} {{kind}}", by="service, kind"),
            per_service("No answer from the fallback", "switchgear_fallbacks_failed_total"),
            level("Stored calls", "switchgear_fallback_queue_waiting"),
            level("Oldest stored call", "switchgear_fallback_queue_oldest_seconds", unit="s"),
        ]),
        ("Chaos and admin", [
            per_service("Injected faults", "switchgear_chaos_injections_total", legend="{{service}} {{kind}}", by="service, kind"),
            series("Commands", (f"sum by (command, result) ({rate('switchgear_admin_commands_total', GATEWAY)})",
                                "{{command}} {{result}}"), unit="ops", width=8),
            series("Event streams", [(f"sum by (instance) (switchgear_events_clients{{{GATEWAY}}})", "{{instance}}")], width=8),
        ]),
    ])


def fleet():
    return dashboard("switchgear-fleet", "Switchgear / Fleet", "Gateways side by side.", ["job", "circuit"], [
        ("Gateways", [
            stat("Up", (f"sum(up{{{JOB}}})", ""), help="Gateways that Prometheus can scrape."),
            stat("Down", (f"count(up{{{JOB}}} == 0) or vector(0)", ""), steps=((1, "red"),)),
            stat("Versions", (f"count(count by (version) (switchgear_build_info{{{JOB}}}))", ""), steps=((2, "orange"),)),
            stat("Restarts in 24 h", (f"sum(resets(switchgear_uptime_seconds{{{JOB}}}[24h]))", ""), steps=((1, "orange"),)),
            stat("Circuits they disagree on", (
                f"count(max by (circuit) (circuit_breaker_state_code{{{BREAKER}}}) != "
                f"min by (circuit) (circuit_breaker_state_code{{{BREAKER}}})) or vector(0)", ""),
                 steps=((1, "orange"),), help="Open in one gateway and not in another.", width=8),
        ]),
        ("Side by side", [
            states("State, by gateway", (f"circuit_breaker_state_code{{{BREAKER}}}", "{{circuit}} {{instance}}"), height=10),
            series("Requests", (f"sum by (instance) ({rate('switchgear_gateway_requests_total', JOB)})", "{{instance}}"),
                   unit="reqps"),
            series("Refused share", (refused_share(BREAKER, "instance"), "{{instance}}"), unit="percentunit", maximum=1),
            series("Open circuits", (f"sum by (instance) (circuit_breaker_state{{{BREAKER},state=~\"open|forced_open\"}})",
                                     "{{instance}}")),
            series("Disagreement", (
                f"max by (circuit) (circuit_breaker_state_code{{{BREAKER}}}) - "
                f"min by (circuit) (circuit_breaker_state_code{{{BREAKER}}})", "{{circuit}}"),
                   help="0: all gateways see the circuit in the same state."),
            table("Gateways", [
                (f"sum by (instance, version) (switchgear_build_info{{{JOB}}})", ""),
                (f"sum by (instance) (switchgear_uptime_seconds{{{JOB}}})", ""),
                (f"sum by (instance) (switchgear_gateway_connections{{{JOB}}})", ""),
            ], columns={"instance": "Gateway", "version": "Version", "Value #B": "Uptime (s)", "Value #C": "Clients"}),
        ]),
    ])


DASHBOARDS = {"overview": overview, "breaker": breaker, "gateway": gateway, "fleet": fleet}


def text_of(name):
    return json.dumps(DASHBOARDS[name](), indent=2, ensure_ascii=False) + "\n"


def expressions(document):
    """(place, expression) of every query of a dashboard."""
    title = document["title"]
    for note in document["annotations"]["list"]:
        yield f"{title}, annotation {note['name']}", note["expr"]
    for panel in document["panels"]:
        for target in panel.get("targets", ()):
            yield f"{title}, {panel['title']}, {target['refId']}", target["expr"]


def main():
    arguments = sys.argv[1:]
    check = "--check" in arguments
    roots = [a for a in arguments if a != "--check"]
    folder = Path(roots[0] if roots else Path(__file__).resolve().parent.parent) / "deploy/grafana"
    different = []
    for name in DASHBOARDS:
        file = folder / f"{name}.json"
        if check:
            if not file.is_file() or file.read_text(encoding="utf-8") != text_of(name):
                different.append(file)
        else:
            file.write_text(text_of(name), encoding="utf-8")
    for file in different:
        print(f"{file} is not what tools/grafana_dashboards.py writes; run it")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
