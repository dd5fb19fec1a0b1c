// What a breaker did in a span of time, as lines for the charts: out of the program's history, and what the page itself has seen.
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import type { Commanded, HistoryDocument, LevelChange, Transition } from "../api";
import { second, serverNow } from "../live/clock";
import { pastLength, seenIn, type Past, type Seen } from "../live/past";
import type { Chosen } from "../parts/spans";
import { under, useAnswer, type Answer } from "../remote";
import type { Recorded } from "./stretches";

/// A null value is a gap; one that is undefined belongs to a point of another line.
export type Values = (number | null | undefined)[];

export interface PastOf {
  /// Seconds since 1970.
  from: number;
  to: number;
  /// One for each value.
  times: number[];
  /// Per second.
  calls: Values;
  failures: Values;
  rejected: Values;
  /// In seconds; null when it is not known.
  latency: { p50: Values; p95: Values; p99: Values } | null;
  /// When the program ran and kept a record, oldest first.
  recorded: Recorded[];
  /// Oldest first.
  transitions: Transition[];
  /// Oldest first; null when they are not known.
  levels: LevelChange[] | null;
  commands: Commanded[] | null;
}

const none: Transition[] = [];

type Flow = { from: number; to: number } & Record<"calls" | "failures" | "rejected", number | null>;

/// The samples with a point that has none where more than their own length is missing between two of them: the program did not
/// run, or its history was lost.
export function withGaps<T extends { from: number; to: number }>(samples: readonly T[]): { time: number; sample: T | null }[] {
  const points: { time: number; sample: T | null }[] = [];
  let end = NaN;
  for (const sample of samples) {
    if (sample.from > end + (sample.to - sample.from)) points.push({ time: end, sample: null });
    points.push({ time: (sample.from + sample.to) / 2, sample });
    end = sample.to;
  }
  return points;
}

function keptIn(document: HistoryDocument | null) {
  return (document?.samples ?? []).map((each) => {
    const from = Date.parse(each.at) / 1000;
    const per = (count: number) => (each.length > 0 ? count / each.length : null);
    const { state, latency } = each;
    const calls = per(each.successes + each.failures + each.ignored);
    return { from, to: from + each.length, state, latency, calls, failures: per(each.failures), rejected: per(each.rejected) };
  });
}

/// What is left of a sample before and after what the page has seen of its time.
function around(sample: Flow, seen: readonly Seen[]): Flow[] {
  const own = seen.filter(({ from, to }) => from < sample.to && to > sample.from);
  if (own.length === 0) return [sample];
  return [{ ...sample, to: own[0]!.from }, { ...sample, from: own.at(-1)!.to }].filter(({ from, to }) => from < to);
}

const isLive = (chosen: Chosen) => chosen.kind === "last" && chosen.span === "5m";

function pastOf(chosen: Chosen, document: HistoryDocument | null, live: Past): PastOf {
  const kept = keptIn(document);
  const seen = chosen.kind === "last" ? seenIn(live) : [];
  const flow: Flow[] = isLive(chosen)
    ? [...kept.flatMap((each) => around(each, seen)), ...seen].sort((a, b) => a.from - b.from)
    : kept;
  const flows = withGaps(flow);
  const slow = withGaps(kept);
  const flowOf = (key: "calls" | "failures" | "rejected") => flows.map(({ sample }) => sample?.[key] ?? null);
  const latency = (key: "p50" | "p95" | "p99") => slow.map(({ sample }) => sample?.latency[key] ?? null);
  const tables: uPlot.AlignedData[] = [
    [flows.map(({ time }) => time), flowOf("calls"), flowOf("failures"), flowOf("rejected")],
    [slow.map(({ time }) => time), latency("p50"), latency("p95"), latency("p99")],
  ];
  // A gap is one across the points of other lines as well.
  const gaps: uPlot.JoinNullMode[][] = tables.map((table) => table.map(() => 2));
  const [times, calls, failures, rejected, p50, p95, p99] = uPlot.join(tables, gaps) as [number[], ...Values[]];
  const end = kept.at(-1)?.to ?? 0;
  return {
    ...spanOf(chosen, document, kept[0]?.from),
    times,
    calls: calls!,
    failures: failures!,
    rejected: rejected!,
    latency: document && { p50: p50!, p95: p95!, p99: p99! },
    recorded: [...kept, ...seen.filter(({ to }) => to > end).map((each) => ({ ...each, from: Math.max(each.from, end) }))],
    transitions: document?.transitions ?? none,
    levels: document?.levels ?? null,
    commands: document?.commands ?? null,
  };
}

/// Five minutes as the page counts them. Of a longer span that ends now, an axis for the time before the first sample would only
/// squeeze what is there.
function spanOf(chosen: Chosen, document: HistoryDocument | null, first: number | undefined) {
  if (isLive(chosen) || !document) return { from: serverNow() / 1000 - pastLength, to: serverNow() / 1000 };
  const from = Date.parse(document.from) / 1000;
  return { from: chosen.kind === "last" ? Math.max(from, first ?? from) : from, to: Date.parse(document.to) / 1000 };
}

/// How often a span that ends now is asked for anew: the history gets a sample every ten seconds, unless it was told otherwise.
const every = 5000;
const once = 3_600_000;

/// Null until the program has answered; the last five minutes are there at once, and move on every second.
export function usePastOf(name: string, chosen: Chosen, live: Past): { past: PastOf | null; answer: Answer<HistoryDocument> } {
  const instant = (at: number) => new Date(at * 1000).toISOString();
  const span = chosen.kind === "last" ? { from: `-${chosen.span}`, to: "now" } : { from: instant(chosen.from), to: instant(chosen.to) };
  const query = under("/history", `history?${new URLSearchParams({ name, ...span })}`);
  const answer = useAnswer<HistoryDocument>(query, chosen.kind === "last" ? every : once);
  const data = answer.state === "here" ? answer.data : null;
  const moment = isLive(chosen) ? second.value : 0;
  const past = useMemo(() => (data || isLive(chosen) ? pastOf(chosen, data, live) : null), [data, moment, isLive(chosen), live]);
  return { past, answer };
}
