// What a breaker did in a span of time, as lines for the charts: out of the program's history, or else what the page has seen.
import { useMemo } from "preact/hooks";
import type { Commanded, HistoryDocument, Transition } from "../api";
import { serverNow } from "../live/clock";
import { pastLength, unrolled, type Past } from "../live/past";
import type { Chosen } from "../parts/spans";
import { under, useAnswer, type Answer } from "../remote";

type Values = (number | null)[];

export interface PastOf {
  /// Seconds since 1970.
  from: number;
  to: number;
  /// One for each value; a null value is a gap.
  times: number[];
  /// Per second.
  calls: Values;
  failures: Values;
  rejected: Values;
  /// In seconds; null when it is not known.
  latency: { p50: Values; p95: Values; p99: Values } | null;
  /// Oldest first.
  transitions: Transition[];
  /// Oldest first; null when they are not known.
  commands: Commanded[] | null;
}

const none: Transition[] = [];

export function fromLive(past: Past): PastOf {
  const to = serverNow() / 1000;
  return { from: to - pastLength, to, ...unrolled(past), latency: null, transitions: none, commands: null };
}

/// The samples with a point that has none where more than their own length is missing between two of them: the program did not
/// run, or its history was lost.
export function withGaps<T extends { at: string; length: number }>(samples: readonly T[]): { time: number; sample: T | null }[] {
  const points: { time: number; sample: T | null }[] = [];
  let end = NaN;
  for (const sample of samples) {
    const begin = Date.parse(sample.at) / 1000;
    if (begin > end + sample.length) points.push({ time: end, sample: null });
    points.push({ time: begin + sample.length / 2, sample });
    end = begin + sample.length;
  }
  return points;
}

function fromHistory({ from, to, samples, transitions, commands }: HistoryDocument): PastOf {
  const points = withGaps(samples);
  const per = (count: (sample: HistoryDocument["samples"][number]) => number): Values =>
    points.map(({ sample }) => (sample && sample.length > 0 ? count(sample) / sample.length : null));
  const latency = (key: "p50" | "p95" | "p99"): Values => points.map(({ sample }) => sample?.latency[key] ?? null);
  return {
    from: Date.parse(from) / 1000,
    to: Date.parse(to) / 1000,
    times: points.map(({ time }) => time),
    calls: per((each) => each.successes + each.failures + each.ignored),
    failures: per((each) => each.failures),
    rejected: per((each) => each.rejected),
    latency: { p50: latency("p50"), p95: latency("p95"), p99: latency("p99") },
    transitions,
    commands,
  };
}

/// How often a span that ends now is asked for anew: the history gets a sample every ten seconds, unless it was told otherwise.
const every = 5000;
const once = 3_600_000;

/// Null: asks for nothing.
export function usePastOf(name: string, chosen: Chosen | null): { past: PastOf | null; answer: Answer<HistoryDocument> } {
  const instant = (at: number) => new Date(at * 1000).toISOString();
  const span = !chosen
    ? null
    : chosen.kind === "last"
      ? { from: `-${chosen.span}`, to: "now" }
      : { from: instant(chosen.from), to: instant(chosen.to) };
  const query = span && under("/history", `history?${new URLSearchParams({ name, ...span })}`);
  const answer = useAnswer<HistoryDocument>(query, chosen?.kind === "last" ? every : once);
  const data = answer.state === "here" ? answer.data : null;
  return { past: useMemo(() => data && fromHistory(data), [data]), answer };
}
