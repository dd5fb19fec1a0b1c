// The admin API's words, as docs/admin-api.md has them. Lengths of time are seconds, ratios 0 to 1.
export const states = ["open", "forced_open", "half_open", "disabled", "closed"] as const; // worst first
export type State = (typeof states)[number];
export type Health = "healthy" | "degraded" | "unhealthy";

export interface WindowSeen {
  calls: number;
  failures: number;
  slow: number;
  failure_rate: number;
  slow_call_rate: number;
  consecutive_failures: number;
}

export interface Transition {
  from: State;
  to: State;
  at: string;
  generation: number;
  rule: string;
  value: number;
  threshold: number;
  window: WindowSeen | null;
  last_failure: { type: string; at: string } | null;
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
  ramp?: { controller?: { max_failure_rate: number } | null } | null;
}

/// What a ramp's controller lets through, and what it has seen in this step.
export interface Ramp {
  share: number;
  safe_share: number;
  hold: number;
  calls: number;
  failed: number;
}

export interface Breaker {
  name: string;
  state: State;
  mode: "normal" | "metrics_only";
  ramping: boolean;
  fleet_open: boolean;
  health_score: number;
  generation: number;
  since: string;
  retry_after: number | null;
  relapses: number;
  time_open: number;
  tags?: Record<string, string>;
  counters: {
    calls: number;
    successes: number;
    failures: number;
    failures_by_type: Record<string, number>;
    slow: number;
    ignored: number;
    rejected: number;
    would_reject: number;
    late: number;
    opened: number;
  };
  window: WindowSeen;
  half_open: { permitted: number; in_flight: number; recorded: number; failed: number } | null;
  rates: { calls_per_second: number; failures_per_second: number; rejected_per_second: number };
  last_failure: { type: string; at: string } | null;
  last_transition: Transition | null;
  /// What an adaptive breaker goes by now.
  adapted?: Adapted | null;
  /// During a controlled ramp.
  ramp?: Ramp | null;
  /// Of a multi-level breaker.
  level?: Level | null;
  policy: Policy;
}

/// Where a multi-level breaker stands, what is in force there, and why it is there.
export interface Level {
  name: "warning" | "critical" | "emergency";
  service: "full" | "degraded" | "emergency";
  since: string;
  comes_down: string | null;
  escalations: number;
  descents: number;
  last_change: LevelChange | null;
  in_force: {
    minimum_calls: number;
    failure_rate: number | null;
    slow_call: { threshold: number; rate: number } | null;
    latency: { quantile: number; above: number } | null;
    consecutive_failures: number | null;
    failure_balance: number | null;
    open_duration: number;
    calm: number;
  };
}

export interface Adapted {
  consecutive_failures: number | null;
  open_duration: number;
  samples: number;
  failure_rate: number;
  mean_latency: number | null;
}

/// GET /circuit-breakers/{name}
export interface BreakerDocument extends Breaker {
  transitions: Transition[];
}

export interface Snapshot {
  at: string;
  health: Health;
  circuit_breakers: Breaker[];
  /// Paths that the program adds to the admin server's own.
  resources?: string[];
}

/// A breaker that did not change its object comes without its policy.
export interface Delta {
  at: string;
  health: Health;
  circuit_breakers: (Omit<Breaker, "policy"> & { policy?: Policy })[];
  removed: string[];
}

/// An address of a service. `why`: it is not usable, in words. `ejected`: a rule leaves it out, for so many seconds from now.
export interface Instance {
  name: string;
  usable: boolean;
  why: string | null;
  ejected: { rule: string; evidence: string; for: number } | null;
  ejections: number;
  calls: number;
  failures: number;
  in_flight: number;
}

/// What happened to an instance, or to all of a service (null).
export interface InstanceChange {
  at: string;
  instance: string | null;
  what: "ejected" | "returned" | "panic_began" | "panic_ended" | "fleet_open" | "fleet_closed";
  text: string;
}

export interface InstanceEvent extends InstanceChange {
  service: string;
}

/// `services` of GET /status: one of them.
export interface Service extends Policies {
  policy: string;
  requests: Record<string, number>;
  responses_aborted: number;
  calls: { success: { count: number; mean: number | null }; failure: { count: number; mean: number | null } };
  failures: Record<string, number>;
  connections: { idle: number; busy: number; waiting: number; fresh_attempts: number; loops: number };
  instances: Instance[];
  /// Too few instances are usable, so that calls go to all of them.
  panic: boolean;
  /// Connections that carry another protocol, such as WebSocket; there after the first request for one.
  upgrades?: { open: number; begun: number; refused: number; ended: Record<string, number> };
  by?: ByValue;
  /// Of routes that have a policy of their own, by its name; `circuit`: its breaker.
  /// A candidate that gets a share of the requests; it is among the policies of routes.
  split?: { candidate: string } | null;
  route_policies?: Record<string, Policies & { circuit: string | null }>;
}

/// Breakers for each value of a header; `opened`: those that are not closed, at most twenty.
export interface ByValue {
  header: string;
  values: number;
  max: number;
  open: number;
  opened: { circuit: string; state: State; retry_after: number | null; calls: number; failures: number; rejected: number }[];
  retired: number;
  evicted: number;
  uncovered: number;
  rejected: number;
}

/// Those that are not configured are left out.
export interface Policies {
  retry?: { max_attempts: number; retries: number; recovered: number; given_up: Record<string, number> };
  retry_budget?: { left: number; granted: number; refused: number };
  hedge?: { delay: number | null; hedges: number; refused: number; wins: number };
  bulkhead?: {
    in_use: number;
    max_concurrent: number;
    waiting: number;
    max_queue: number;
    admitted: number;
    rejected: number;
    timed_out: number;
    cancelled: number;
  };
  adaptive_limit?: { limit: number; in_flight: number; admitted: number; rejected: number };
  admission?: { rejection_ratio: number; successes: number; failures: number; admitted: number; rejected: number };
  rate_limiter?: { available: number; backlog: number; admitted: number; delayed: number; rejected: number };
  cache?: CacheSeen & { hits: number; misses: number; shared: number };
  fallback?: { kind: string; answered: number; failed: number } & Partial<CacheSeen>;
  queue?: { waiting: number; oldest: number | null; stored: number; refused: number; replayed: number };
  chaos?: Record<string, number | boolean>;
}

export interface CacheSeen {
  evicted: number;
  too_large: number;
  entries: number;
  max_entries?: number;
  bytes: number;
  max_bytes: number;
}

export interface Status {
  at: string;
  version: string;
  uptime: number;
  ready: boolean;
  policies: Record<string, string>;
  /// Circuits with a pool; a usage of null: its limit is not known.
  connection_pools: Record<string, { active: number; waiting: number; limit: number; usage: number | null }>;
  services?: Record<string, Service>;
}

/// A request that changes something, carried out or not.
export interface Commanded {
  at: string;
  command: string;
  client: string;
  result: "done" | "not_found" | "unauthorized" | "forbidden" | "invalid";
}

/// GET /history?name=…
export interface HistoryDocument {
  circuit: string;
  from: string;
  to: string;
  step: number;
  samples: {
    at: string;
    length: number;
    state: State;
    successes: number;
    failures: number;
    ignored: number;
    rejected: number;
    latency: Record<"mean" | "p50" | "p95" | "p99", number | null>;
  }[];
  transitions: Transition[];
  levels: LevelChange[];
  instances: InstanceChange[];
  commands: Commanded[];
}

export interface LevelChange {
  at: string;
  from: string;
  to: string;
  cause: string;
  text: string;
}

export interface Finding {
  rule: string;
  cause: string;
  action: string;
  runbook: string;
}

export interface Opening {
  at: string;
  rule: string;
  value: number;
  threshold: number;
  evidence: string;
  closed: string | null;
  lasted: number | null;
  relapses: number;
}

/// GET /analysis/{name}
export interface AnalysisDocument {
  circuit: string;
  source: "history" | "memory";
  health_score: number;
  first_opened: string | null;
  openings_last_24h: number;
  changes_last_hour: number;
  last_opening: Opening | null;
  onset: { kind: "spike" | "slope"; began: string; over: number; before: number; after: number } | null;
  failures: { type: string; share: number }[];
  together: string[];
  recommendation: string | null;
  findings: Finding[];
}

type Quantile = { value: number; at_least: number; at_most: number | null } | null;

/// GET /reports/{name}
export interface ReportDocument {
  circuit: string;
  from: string;
  to: string;
  source: "history" | "memory";
  state: State;
  health_score: number;
  effectiveness: number | null;
  effectiveness_parts: { protection: number; availability: number; stability: number } | null;
  calls: { successes: number; failures: number; failures_by_type: Record<string, number>; refused: number; ignored: number; slow: number };
  success_rate: number | null;
  openings: number;
  doubtful_openings: number | null;
  false_positive_rate: number | null;
  mean_time_to_recovery: number | null;
  time_saved: number | null;
  cascades_prevented: number | null;
  transitions_per_hour: number | null;
  flapping: boolean;
  flap_percentage: number;
  fallback_success_rate: number | null;
  availability_gained: number | null;
  latency: Record<"p50" | "p95" | "p99", Quantile>;
  apdex: number | null;
  business: { at_risk: number; protected: number; currency: string } | null;
  recommendation: string | null;
  findings: Finding[];
  opened: (Opening & { refused: number; stuck_at_once: number | null })[];
  course: {
    from: string;
    length: number;
    successes: number;
    failures: number;
    refused: number;
    p50: number | null;
    p95: number | null;
    p99: number | null;
  }[];
  /// Oldest first; times that were not recorded are in none.
  states: { state: State; from: string; to: string }[];
  transitions: { at: string; from: State; to: State; rule: string; evidence: string }[];
}

export const severities = ["critical", "high", "medium", "warning", "info"] as const; // worst first

export interface Alert {
  id: string;
  rule: string;
  circuit: string;
  severity: (typeof severities)[number];
  state: "pending" | "firing" | "resolved";
  message: string;
  evidence: { text: string };
  since: string | null;
  fired_at: string | null;
  resolved_at: string | null;
  acknowledged: { by: string; at: string } | null;
  muted_by: string | null;
  runbook: string | null;
  told: Record<string, { firing: boolean; resolved: boolean; repeats: number; last: string | null }>;
}

export interface Silence {
  id: string;
  circuit: string;
  rule: string;
  until: string;
  why: string;
  by: string | null;
}

export interface Channel {
  name: string;
  kind: string;
  waiting: number;
  breaker: State;
  problem: string | null;
  delivered: number;
  failed: number;
  refused: number;
  dropped: number;
}

/// GET /alerts
export interface AlertsDocument {
  at: string;
  alerts: Alert[];
  silences: Silence[];
  channels: Channel[];
  rules: string[];
}

export interface FleetVoter {
  member: string;
  vote: "down" | "works" | "abstains";
  calls: number;
  failures: number;
  expires_in: number;
}

/// `probes`: the process that has the lease. `open_for`: 0 when the opening is over, and one may probe.
export interface FleetCircuit {
  circuit: string;
  fresh: boolean;
  trouble: string;
  state: "open" | "closed";
  open_for: number;
  relapses: number;
  cause: string;
  epoch: number;
  votes_down: number;
  electorate: number;
  probes: string;
  repairs: number;
  voters: FleetVoter[];
  own: { vote: FleetVoter["vote"]; calls: number; failures: number; dissents: boolean; probes: boolean };
  forced_open: { for: number; by: string; told_redis: boolean } | null;
}

/// GET /fleet
export interface FleetDocument {
  namespace: string;
  member: string;
  connected: boolean;
  trouble: string;
  members: number;
  report_takes: number;
  circuits: FleetCircuit[];
}

/// GET /experiments
export interface ExperimentsDocument {
  experiments: {
    service: string;
    since: string;
    in_force: ShadowFigures & { refused: number };
    shadows: (ShadowFigures & { refused_good: number; refused_bad: number })[];
  }[];
  splits: Split[];
}

export interface Split {
  service: string;
  since: string;
  candidate: string;
  share: number;
  by: string | null;
  block: number;
  stopped: { why: "operator" | "harmful" | "start"; at: string } | null;
  verdict: "not_enough_data" | "better" | "worse" | "harmful" | "invalid";
  latency_verdict: "better" | "worse" | null;
  blocks: number;
  difference: { low: number; high: number };
  needs: { difference: number; blocks: number } | null;
  values: number | null;
  left_out: number;
  arms: SplitArm[];
  history: { at: string; blocks: number; low: number; high: number; current: number; candidate: number }[];
}

export interface SplitArm {
  arm: "current" | "candidate";
  policy: string;
  requests: number;
  bad: number;
  refused: number;
  bad_ratio: number;
  latency: { mean: number; p50: number; p95: number; p99: number } | null;
  breaker: {
    circuit: string;
    state: State;
    opened: number;
    doubtful: number;
    judged: number;
    time_to_detect: number | null;
  } | null;
}

export interface ShadowFigures {
  policy: string;
  calls: number;
  let_through_bad: number;
  opened: number;
  state: State;
  time_open: number;
}
