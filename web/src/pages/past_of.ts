// What a breaker did in a span of time, as lines for the charts: out of the program's history, or else what the page has seen.
import type { Transition } from "../api";
import { serverNow } from "../live/clock";
import { pastLength, unrolled, type Past } from "../live/past";
import type { Answer } from "../remote";
import type { Chosen } from "../parts/spans";
import { spans } from "../parts/spans";

export interface Latency {
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
}

export interface PastOf {
  from: number;
  to: number;
  /// Seconds since 1970; null values are gaps.
  times: number[];
  calls: (number | null)[];
  failures: (number | null)[];
  rejected: (number | null)[];
  latency: Latency | null;
  /// Oldest first.
  transitions: Transition[];
}

export const fromLive = (past: Past): PastOf => {
  const to = serverNow() / 1000;
  return { from: to - pastLength, to, ...unrolled(past), latency: null, transitions: [] };
};

/// A span that ends now is asked for anew every few seconds.
export function boundsOf(chosen: Chosen): { from: number; to: number } {
  if (chosen.kind === "between") return chosen;
  const to = serverNow() / 1000;
  return { from: to - spans[chosen.span], to };
}

export function usePastOf(name: string, chosen: Chosen | null): { past: PastOf | null; answer: Answer<unknown> } {
  void name;
  void chosen;
  return { past: null, answer: { state: "absent" } };
}
