// Reports: what a breaker was good for over a day or so.
import { useMemo } from "preact/hooks";
import type { ReportDocument } from "../api";
import { bare, count, instant, percent, perSecond, seconds, span, words } from "../format";
import { listed } from "../live/listed";
import { entries, resources, type Entry } from "../live/model";
import { Findings } from "../parts/analysis";
import { PlainTable } from "../parts/plain_table";
import { StateMark, Waiting } from "../parts/said";
import { Search } from "../parts/toolbar";
import { TimeChart, type Line } from "../parts/time_chart";
import { VirtualTable, type Column } from "../parts/virtual_table";
import { has, under, useAnswer } from "../remote";
import { href, param, setParams } from "../route";
import { withGaps } from "./past_of";

const absent = "Reports are not configured in this program.";

const columns: Column<Entry>[] = [
  {
    key: "name",
    title: "Breaker",
    class: "name",
    cell: ({ name }) => (
      <a href={href("report", name)} title={name}>
        <bdi>{name}</bdi>
      </a>
    ),
  },
  { key: "state", title: "State", class: "statecell", cell: ({ breaker }) => <StateMark state={breaker.value.state} /> },
  { key: "opened", title: "Opened", class: "num", cell: ({ breaker }) => count(breaker.value.counters.opened) },
  { key: "calls", title: "Calls", class: "num medium", cell: ({ breaker }) => count(breaker.value.counters.calls) },
  { key: "failures", title: "Failures", class: "num medium", cell: ({ breaker }) => count(breaker.value.counters.failures) },
  { key: "rejected", title: "Rejected", class: "num medium", cell: ({ breaker }) => count(breaker.value.counters.rejected) },
];

export function ReportsPage() {
  return (
    <>
      <h1>Reports</h1>
      {has("/reports") ? (
        <>
          {entries.value.size > 0 && (
            <div class="toolbar" role="search" aria-label="Circuit breakers">
              <Search label="Search by name" />
            </div>
          )}
          {listed.value.length > 0 ? (
            <VirtualTable label="Reports" items={listed.value} columns={columns} keyOf={(entry) => entry.name} />
          ) : (
            <p class="quiet note">{entries.value.size > 0 ? "No circuit breaker matches." : "The program has no circuit breakers."}</p>
          )}
        </>
      ) : (
        <p class="quiet note">{resources.value ? absent : "Waiting for the server."}</p>
      )}
    </>
  );
}

const spans: [string, string][] = [["1h", "1 h"], ["6h", "6 h"], ["24h", "24 h"], ["168h", "7 d"]];

type Row = [name: string, value: string, remark?: string];

const or = <T,>(value: T | null, written: (value: T) => string) => (value === null ? "no data" : written(value));

function rows(of: ReportDocument): Row[] {
  const { calls, effectiveness_parts: parts, business } = of;
  const quantile = (key: "p50" | "p95" | "p99"): Row => {
    const found = of.latency[key];
    const remark = found?.at_most ? `between ${seconds(found.at_least)} and ${seconds(found.at_most)}` : "";
    return [`${key} latency`, found ? `${found.at_most === null ? "> " : ""}${seconds(found.value)}` : "no data", remark];
  };
  return [
    ["health score", `${of.health_score} of 100`, `now ${words(of.state)}`],
    [
      "effectiveness",
      or(of.effectiveness, (value) => `${bare(value)} of 100`),
      parts ? `protection ${bare(parts.protection)}, availability ${bare(parts.availability)}, stability ${bare(parts.stability)}` : "",
    ],
    ["calls", count(calls.successes + calls.failures + calls.refused), `${count(calls.failures)} failed, ${count(calls.refused)} refused`],
    ["success rate", or(of.success_rate, percent), "of the calls that were let through"],
    [
      "openings",
      count(of.openings),
      of.doubtful_openings === null ? "" : `${of.doubtful_openings} doubtful, false positive rate ${percent(of.false_positive_rate ?? 0)}`,
    ],
    ["time to recovery", or(of.mean_time_to_recovery, seconds), "mean, from opening to closing"],
    ["time saved", or(of.time_saved, seconds), "that refused calls did not wait"],
    ["cascades prevented", or(of.cascades_prevented, count), of.cascades_prevented === null ? "needs a capacity" : ""],
    ["changes per hour", or(of.transitions_per_hour, bare), of.flapping ? "flapping" : ""],
    ["good fallbacks", or(of.fallback_success_rate, percent)],
    ["availability gained", or(of.availability_gained, percent), "by fallbacks"],
    quantile("p50"),
    quantile("p95"),
    quantile("p99"),
    ["Apdex", or(of.apdex, (value) => value.toFixed(2)), of.apdex === null ? "needs slow_call.threshold" : ""],
    ...(business
      ? [
          ["at risk", `${business.currency} ${bare(business.at_risk)}`, "of failed and refused calls"] as Row,
          ["protected", `${business.currency} ${bare(business.protected)}`, "of these, answered by a fallback or queue"] as Row,
        ]
      : []),
  ];
}

function Course({ of }: { of: ReportDocument }) {
  const made = useMemo(() => {
    const points = withGaps(
      of.course.map((each) => {
        const from = Date.parse(each.from) / 1000;
        return { ...each, from, to: from + each.length };
      }),
    );
    const values = (key: "successes" | "failures" | "refused" | "p50" | "p95" | "p99") => points.map(({ sample }) => sample?.[key] ?? null);
    const flow: Line[] = [
      { label: "good", colour: "calls", fill: "callsFill", values: values("successes") },
      { label: "failed", colour: "failures", values: values("failures") },
      { label: "refused", colour: "rejected", values: values("refused"), dash: [2, 3] },
    ];
    const latency: Line[] = [
      { label: "p50", colour: "p50", values: values("p50") },
      { label: "p95", colour: "p95", values: values("p95") },
      { label: "p99", colour: "p99", values: values("p99"), dash: [4, 3] },
    ];
    return { times: points.map(({ time }) => time), flow, latency };
  }, [of]);
  const marks = useMemo(() => [...of.transitions].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)), [of]);
  const stretches = useMemo(
    () => of.states.map(({ state, from, to }) => ({ state, from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 })),
    [of],
  );
  const first = of.course[0];
  if (!first) return null;
  // A young program's curve takes the whole width.
  const from = Math.max(Date.parse(of.from), Date.parse(first.from)) / 1000;
  const to = Date.parse(of.to) / 1000;
  const common = { times: made.times, from, to, stretches, marks };
  return (
    <section class="panel" aria-label="Course">
      <h2>Course</h2>
      <TimeChart title="Calls" lines={made.flow} written={perSecond} {...common} />
      <TimeChart title="Latency" lines={made.latency} written={seconds} {...common} />
    </section>
  );
}

function Openings({ of }: { of: ReportDocument }) {
  if (of.opened.length === 0) return <p class="quiet note">It did not open in this span.</p>;
  return (
    <PlainTable label="Openings" heads={["Opened", "Why", "Closed after", "Relapses", "Refused", "Would have been stuck at once"]}>
      {[...of.opened].reverse().map((each) => (
        <tr key={each.at}>
          <td class="num">{instant(each.at)}</td>
          <td>{each.evidence}</td>
          <td class="num">{each.lasted === null ? "not closed" : span(each.lasted)}</td>
          <td class="num">{each.relapses}</td>
          <td class="num">{count(each.refused)}</td>
          <td class="num">{or(each.stuck_at_once, bare)}</td>
        </tr>
      ))}
    </PlainTable>
  );
}

function Shown({ of }: { of: ReportDocument }) {
  return (
    <>
      {of.source === "memory" && (
        <p class="quiet note">From memory, since {instant(of.from)}: without a history there are no curves, and only the last transitions are known.</p>
      )}
      <section class="panel" aria-label="Figures">
        <h2>Figures</h2>
        <dl class="figures">
          {rows(of).map(([name, value, remark]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="num">{value}</dd>
              {remark && <dd class="small">{remark}</dd>}
            </div>
          ))}
        </dl>
      </section>
      <Course of={of} />
      <section class="panel" aria-label="Openings">
        <h2>Openings</h2>
        <Openings of={of} />
      </section>
      <section class="panel" aria-label="Findings">
        <h2>Findings</h2>
        <Findings list={of.findings} />
      </section>
    </>
  );
}

export function ReportPage({ name }: { name: string }) {
  const since = spans.some(([value]) => value === param("since")) ? param("since") : "24h";
  const address = `reports/${encodeURIComponent(name)}?since=${since}`;
  const answer = useAnswer<ReportDocument>(under("/reports", address), 60_000);
  return (
    <>
      <header class="pagehead">
        <div class="title">
          <p class="quiet">Report</p>
          <h1 title={name}>
            <bdi>{name}</bdi>
          </h1>
        </div>
        <div class="switch" role="group" aria-label="Span of time">
          {spans.map(([value, word]) => (
            <button key={value} type="button" aria-pressed={value === since} onClick={() => setParams({ since: value }, "push")}>
              {word}
            </button>
          ))}
        </div>
        {answer.state === "here" && (
          <a class="go" href={`${address}&format=html`}>
            Save as a page
          </a>
        )}
        <a class="go" href={href("breaker", name)}>
          Breaker
        </a>
      </header>
      <Waiting answer={answer} what="the report" absent={absent} />
      {answer.state === "failed" && (
        <p>
          <a href={href("reports")}>All reports</a>
        </p>
      )}
      {answer.state === "here" && <Shown of={answer.data} />}
    </>
  );
}
