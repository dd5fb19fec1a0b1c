// A breaker's charts over one span, and the same as a table.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Transition } from "../api";
import { instant, perSecond, seconds } from "../format";
import type { PastOf } from "../pages/past_of";
import { stretchesOf } from "../pages/stretches";
import { PlainTable } from "./plain_table";
import { chooseBetween } from "./spans";
import { TimeChart, valueAt, type Line } from "./time_chart";

/// At most this many rows: the first of each group of points.
const mostRows = 120;

interface Written {
  line: Line;
  written: (value: number) => string;
}

function Rows({ times, lines }: { times: number[]; lines: Written[] }) {
  const every = Math.ceil(times.length / mostRows) || 1;
  return (
    <PlainTable label="Values of the charts" heads={["At", ...lines.map(({ line }) => line.label)]}>
      {times.map((time, i) =>
        i % every === 0 ? (
          <tr key={time}>
            <th scope="row" class="num">
              {instant(time * 1000)}
            </th>
            {lines.map(({ line, written }) => {
              const value = valueAt(line, i);
              return (
                <td key={line.label} class="num">
                  {value === null ? "–" : written(value)}
                </td>
              );
            })}
          </tr>
        ) : null,
      )}
    </PlainTable>
  );
}

/// Draws its rows only while it is open.
function Values({ times, lines }: { times: number[]; lines: Written[] }) {
  const open = useSignal(false);
  return (
    <details class="values" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>As a table</summary>
      {open.value && <Rows times={times} lines={lines} />}
    </details>
  );
}

export function Charts({ past, marks }: { past: PastOf; marks: Transition[] }) {
  const { times, from, to, calls, failures, rejected, latency } = past;
  const flow = useMemo<Line[]>(
    () => [
      { label: "calls", colour: "calls", fill: "callsFill", values: calls },
      { label: "failures", colour: "failures", values: failures },
    ],
    [past],
  );
  const refusals = useMemo<Line[]>(() => [{ label: "rejected", colour: "rejected", values: rejected }], [past]);
  const quantiles = useMemo<Line[]>(
    () =>
      latency
        ? [
            { label: "p50", colour: "p50", values: latency.p50 },
            { label: "p95", colour: "p95", values: latency.p95 },
            { label: "p99", colour: "p99", values: latency.p99, dash: [4, 3] },
          ]
        : [],
    [past],
  );
  const stretches = useMemo(() => stretchesOf(past.recorded, marks), [past, marks]);
  const common = { times, from, to, stretches, marks, onZoom: chooseBetween };
  const all = [
    ...[...flow, ...refusals].map((line) => ({ line, written: perSecond })),
    ...quantiles.map((line) => ({ line, written: seconds })),
  ];
  return (
    <>
      <TimeChart title="Calls" lines={flow} written={perSecond} {...common} />
      <TimeChart title="Rejected" lines={refusals} written={perSecond} {...common} />
      {latency && <TimeChart title="Latency" lines={quantiles} written={seconds} {...common} />}
      <Values times={times} lines={all} />
    </>
  );
}
