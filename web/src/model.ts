// The page's state, as signals: filled by the stream, read by the components.
import { batch, computed, signal, type Signal } from "@preact/signals";
import type { Breaker, Delta, Health, Snapshot, State, TransitionEvent } from "./api";

/// Seconds of history that a sparkline shows, one point each.
export const historyLength = 60;

export interface History {
  calls: (number | null)[];
  failures: (number | null)[];
  rejected: (number | null)[];
}

export interface Entry {
  breaker: Signal<Breaker>;
  /// When the next probe is due, on the page's own clock, so that it can count down between two events.
  probeAt: Signal<number | null>;
  history: History;
}

export type Connection = "connecting" | "live" | "lost";

export const connection = signal<Connection>("connecting");
export const health = signal<Health>("healthy");
export const entries = signal<ReadonlyMap<string, Entry>>(new Map());
export const transitions = signal<readonly TransitionEvent[]>([]);
export const announcement = signal("");
export const filter = signal("");
/// The page's clock in milliseconds, ticking often enough for a countdown in tenths to look alive.
export const now = signal(performance.now());
/// Counts seconds; a sparkline redraws when it changes.
export const second = signal(0);

/// The server's wall clock minus ours, so that "12 s ago" is right on a machine whose clock is not.
let skew = 0;
export const serverNow = () => Date.now() + skew;

const rank: Record<State, number> = { open: 0, forced_open: 1, half_open: 2, disabled: 3, closed: 4 };
const rankOf = (breaker: Breaker) => (breaker.state === "closed" && breaker.ramping ? 3.5 : rank[breaker.state]);

/// Worst first, then by name: cards move only when a state changes.
export const sorted = computed(() => {
  const wanted = filter.value.trim().toLowerCase();
  return [...entries.value.values()]
    .filter((entry) => entry.breaker.peek().name.toLowerCase().includes(wanted))
    .map((entry) => ({ entry, name: entry.breaker.peek().name, rank: order.value.get(entry) ?? 9 }))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
});
const order = computed(() => new Map([...entries.value.values()].map((entry) => [entry, rankOf(entry.breaker.value)])));

export const counts = computed(() => {
  const found: Record<State, number> = { closed: 0, open: 0, half_open: 0, forced_open: 0, disabled: 0 };
  for (const entry of entries.value.values()) found[entry.breaker.value.state]++;
  return found;
});

export const totals = computed(() => {
  let calls = 0;
  let rejected = 0;
  for (const entry of entries.value.values()) {
    calls += entry.breaker.value.rates.calls_per_second;
    rejected += entry.breaker.value.rates.rejected_per_second;
  }
  return { calls, rejected };
});

const blank = () => Array<number | null>(historyLength).fill(null);

function probeTime(breaker: Breaker): number | null {
  return breaker.retry_after === null ? null : performance.now() + breaker.retry_after * 1000;
}

function put(map: Map<string, Entry>, breaker: Breaker) {
  const known = map.get(breaker.name);
  if (known) {
    known.breaker.value = breaker;
    known.probeAt.value = probeTime(breaker);
  } else {
    map.set(breaker.name, {
      breaker: signal(breaker),
      probeAt: signal(probeTime(breaker)),
      history: { calls: blank(), failures: blank(), rejected: blank() },
    });
  }
}

export function takeSnapshot(snapshot: Snapshot) {
  batch(() => {
    skew = Date.parse(snapshot.at) - Date.now();
    const old = entries.peek();
    const map = new Map<string, Entry>();
    for (const breaker of snapshot.circuit_breakers) {
      const known = old.get(breaker.name);
      if (known) map.set(breaker.name, known);
      put(map, breaker);
    }
    entries.value = map;
    health.value = snapshot.health;
    connection.value = "live";
    transitions.value = snapshot.circuit_breakers
      .flatMap((each) => (each.last_transition ? [{ circuit: each.name, ...each.last_transition }] : []))
      .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
      .slice(0, 8);
  });
}

export function takeDelta(delta: Delta) {
  batch(() => {
    skew = Date.parse(delta.at) - Date.now();
    const old = entries.peek();
    const map = new Map(old);
    for (const name of delta.removed) map.delete(name);
    for (const changed of delta.circuit_breakers) {
      const policy = changed.policy ?? map.get(changed.name)?.breaker.peek().policy;
      if (policy) put(map, { ...changed, policy });
    }
    if (delta.removed.length > 0 || map.size !== old.size) entries.value = map;
    health.value = delta.health;
  });
}

export function takeTransition(event: TransitionEvent, text: string) {
  transitions.value = [event, ...transitions.peek()].slice(0, 8);
  announcement.value = text;
}

/// Once a second: every history moves on by one point.
export function recordSecond() {
  for (const { breaker, history } of entries.peek().values()) {
    const { calls_per_second, failures_per_second, rejected_per_second } = breaker.peek().rates;
    const live = connection.peek() === "live";
    for (const [series, value] of [
      [history.calls, calls_per_second],
      [history.failures, failures_per_second],
      [history.rejected, rejected_per_second],
    ] as const) {
      series.shift();
      series.push(live ? value : null);
    }
  }
  second.value++;
}
