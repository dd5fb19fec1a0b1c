// The admin API's words, as docs/admin-api.md has them.
export type State = "closed" | "open" | "half_open" | "forced_open" | "disabled";
export type Health = "healthy" | "degraded" | "unhealthy";

export interface Transition {
  from: State;
  to: State;
  at: string;
  generation: number;
  rule: string;
  value: number;
  threshold: number;
}

export interface TransitionEvent extends Transition {
  circuit: string;
}

export interface Policy {
  window: { type: "count"; size: number } | { type: "time"; duration: number } | null;
  failure_rate: number | null;
  slow_call: { threshold: number; rate: number } | null;
  open_duration: number;
  half_open: { permitted_calls: number; success_threshold: number };
}

export interface Breaker {
  name: string;
  state: State;
  mode: "normal" | "metrics_only";
  ramping: boolean;
  generation: number;
  since: string;
  retry_after: number | null;
  relapses: number;
  counters: { calls: number; failures: number; rejected: number; would_reject: number };
  window: { calls: number; failures: number; slow: number; failure_rate: number; slow_call_rate: number };
  half_open: { permitted: number; in_flight: number; recorded: number; failed: number } | null;
  rates: { calls_per_second: number; failures_per_second: number; rejected_per_second: number };
  last_transition: Transition | null;
  policy: Policy;
}

export interface Snapshot {
  at: string;
  health: Health;
  circuit_breakers: Breaker[];
}

/// A breaker that did not change its object comes without its policy.
export interface Delta {
  at: string;
  health: Health;
  circuit_breakers: (Omit<Breaker, "policy"> & { policy?: Policy })[];
  removed: string[];
}
