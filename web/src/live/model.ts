// Every breaker as the stream told it last, as signals for the components. A thousand of them change four times a second: what
// is worked out over all of them hangs on a few counters of changes instead of on a thousand signals.
import { batch, computed, signal, type Signal } from "@preact/signals";
import type { Breaker, Delta, Health, InstanceEvent, Snapshot, State, TransitionEvent } from "../api";
import { serverNow, setServerTime } from "./clock";
import { endSecond, Past } from "./past";

export interface Entry {
  readonly name: string;
  readonly breaker: Signal<Breaker>;
  /// When the next probe is due, on the page's own clock, so that it can count down between two events.
  readonly probeAt: Signal<number | null>;
  readonly past: Past;
}

/// What the feed shows: a change of state, or that some are missing.
export type Happening = ({ kind: "transition" } & TransitionEvent) | { kind: "lost"; at: string; events: number };

export type Connection = "connecting" | "live" | "lost";

export const connection = signal<Connection>("connecting");
/// When the last event came, in the server's milliseconds.
export const heardAt = signal(0);
export const health = signal<Health>("healthy");
/// Replaced when a breaker comes or goes.
export const entries = signal<ReadonlyMap<string, Entry>>(new Map());
/// Counts changes of any breaker, and of what decides a breaker's place in a list: its state, its tags.
export const changes = signal(0);
export const standings = signal(0);
export const happenings = signal<readonly Happening[]>([]);
export const announcement = signal("");
/// The paths of what this program serves beside the breakers, as `/history`; null before the server has said so.
export const resources = signal<ReadonlySet<string> | null>(null);
/// Counts the times that events were lost, for pages that keep something of their own.
export const losses = signal(0);

/// Of each service, how many ejections, returns and panics the page was told of.
export const instanceEvents = signal<ReadonlyMap<string, number>>(new Map());

const feedLength = 8;

/// The first of a list. That events are missing stays on it: those that follow come in a flood.
export function latest(list: readonly Happening[], most: number): Happening[] {
  const lost = list.find(({ kind }) => kind === "lost");
  const known = list.filter((each) => each.kind === "transition" || each === lost);
  const shown = known.slice(0, most);
  if (lost && !shown.includes(lost)) shown[most - 1] = lost;
  return shown;
}

export const counts = computed(() => {
  standings.value;
  const found: Record<State, number> = { closed: 0, open: 0, half_open: 0, forced_open: 0, disabled: 0 };
  for (const entry of entries.value.values()) found[entry.breaker.peek().state]++;
  return found;
});

export const totals = computed(() => {
  changes.value;
  let calls = 0;
  let rejected = 0;
  for (const entry of entries.value.values()) {
    const { rates } = entry.breaker.peek();
    calls += rates.calls_per_second;
    rejected += rates.rejected_per_second;
  }
  return { calls, rejected };
});

/// Every `key=value` among the tags, sorted.
export const tags = computed(() => {
  standings.value;
  const found = new Set<string>();
  for (const entry of entries.value.values()) {
    for (const [key, value] of Object.entries(entry.breaker.peek().tags ?? {})) found.add(`${key}=${value}`);
  }
  return [...found].sort();
});

const probeTime = ({ retry_after }: Breaker) => (retry_after === null ? null : performance.now() + retry_after * 1000);

const sameTags = (a: Breaker["tags"], b: Breaker["tags"]) => JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});

/// True when it moves the breaker's place in a list.
function put(map: Map<string, Entry>, breaker: Breaker): boolean {
  const known = map.get(breaker.name);
  if (!known) {
    const entry = { name: breaker.name, breaker: signal(breaker), probeAt: signal(probeTime(breaker)), past: new Past() };
    map.set(breaker.name, entry);
    return true;
  }
  const before = known.breaker.peek();
  known.breaker.value = breaker;
  known.probeAt.value = probeTime(breaker);
  return before.state !== breaker.state || before.ramping !== breaker.ramping || before.fleet_open !== breaker.fleet_open || !sameTags(before.tags, breaker.tags);
}

export function takeSnapshot(snapshot: Snapshot) {
  batch(() => {
    setServerTime(snapshot.at);
    const old = entries.peek();
    const map = new Map<string, Entry>();
    for (const breaker of snapshot.circuit_breakers) {
      const known = old.get(breaker.name);
      if (known) map.set(breaker.name, known);
      put(map, breaker);
    }
    entries.value = map;
    health.value = snapshot.health;
    resources.value = new Set(snapshot.resources ?? []);
    connection.value = "live";
    heardAt.value = serverNow();
    happenings.value = snapshot.circuit_breakers
      .flatMap((each) => (each.last_transition ? [{ kind: "transition" as const, circuit: each.name, ...each.last_transition }] : []))
      .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
      .slice(0, feedLength);
    changes.value++;
    standings.value++;
  });
}

export function takeDelta(delta: Delta) {
  batch(() => {
    setServerTime(delta.at);
    const old = entries.peek();
    const map = new Map(old);
    for (const name of delta.removed) map.delete(name);
    let moved = delta.removed.length > 0;
    for (const changed of delta.circuit_breakers) {
      const policy = changed.policy ?? map.get(changed.name)?.breaker.peek().policy;
      if (policy) moved = put(map, { ...changed, policy }) || moved;
    }
    if (delta.removed.length > 0 || map.size !== old.size) entries.value = map;
    health.value = delta.health;
    heardAt.value = serverNow();
    changes.value++;
    if (moved) standings.value++;
  });
}

export function takeTransition(event: TransitionEvent, text: string) {
  heardAt.value = serverNow();
  happenings.value = latest([{ kind: "transition" as const, ...event }, ...happenings.peek()], feedLength);
  announcement.value = text;
}

export function takeInstance({ service, text }: InstanceEvent) {
  heardAt.value = serverNow();
  const before = instanceEvents.peek();
  instanceEvents.value = new Map(before).set(service, (before.get(service) ?? 0) + 1);
  announcement.value = `${service}: ${text}`;
}

/// The server could not keep up and left events out; the delta that follows has the states, but not how they came about.
export function takeLost({ events }: { events: number }) {
  batch(() => {
    const at = new Date(serverNow()).toISOString();
    happenings.value = latest([{ kind: "lost" as const, at, events }, ...happenings.peek()], feedLength);
    announcement.value = `${events} events are missing here`;
    losses.value++;
  });
}

/// Once a second: every past moves on by one point.
export function recordSecond() {
  const live = connection.peek() === "live";
  for (const { breaker, past } of entries.peek().values()) {
    const { state, rates } = breaker.peek();
    if (live) past.record(state, rates.calls_per_second, rates.failures_per_second, rates.rejected_per_second);
    else past.record(state, NaN, NaN, NaN);
  }
  endSecond(serverNow());
}
