// Which breakers the overview lists, and in what order: the address says, so that a view can be shared.
import { computed } from "@preact/signals";
import { states, type Breaker, type State } from "../api";
import { param, route, setParams } from "../route";
import { slow } from "./clock";
import { entries, standings, type Entry } from "./model";

export type SortKey = "state" | "name" | "failure_rate" | "calls" | "failures" | "rejected" | "since";

export const sortWord: Record<SortKey, string> = {
  state: "worst first",
  name: "by name",
  failure_rate: "by failure rate",
  calls: "by calls/s",
  failures: "by failures/s",
  rejected: "by rejected/s",
  since: "latest change first",
};

/// Which way a list runs when its column is chosen: text from a, figures from the largest.
const upwards: Record<SortKey, boolean> = {
  state: true, name: true, failure_rate: false, calls: false, failures: false, rejected: false, since: false,
};

export const sortKey = computed<SortKey>(() => {
  const wanted = param("sort");
  return Object.hasOwn(sortWord, wanted) ? (wanted as SortKey) : "state";
});
export const ascending = computed(() => (param("down") !== "" ? false : param("up") !== "" ? true : upwards[sortKey.value]));
export const wantedStates = computed(() => new Set(param("state").split(",").filter((each) => states.includes(each as State))));

/// Sorts by `key`; by the same key again, the other way round.
export function sortBy(key: SortKey, turn = true) {
  const up = turn && key === sortKey.peek() ? !ascending.peek() : upwards[key];
  setParams({ sort: key === "state" ? "" : key, up: up && !upwards[key] ? "1" : "", down: !up && upwards[key] ? "1" : "" });
}

export function toggleState(state: State) {
  const wanted = new Set(wantedStates.peek());
  if (!wanted.delete(state)) wanted.add(state);
  setParams({ state: [...wanted].join(",") });
}

function rank(breaker: Breaker): number {
  if (breaker.state !== "closed") return states.indexOf(breaker.state);
  if (breaker.fleet_open) return states.indexOf("open") + 0.5;
  return breaker.ramping ? states.length - 1.5 : states.indexOf("closed");
}

const figure: Record<Exclude<SortKey, "name">, (breaker: Breaker) => number> = {
  state: rank,
  failure_rate: (breaker) => breaker.window.failure_rate,
  calls: (breaker) => breaker.rates.calls_per_second,
  failures: (breaker) => breaker.rates.failures_per_second,
  rejected: (breaker) => breaker.rates.rejected_per_second,
  since: (breaker) => Date.parse(breaker.since),
};

const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/// By state and name the order changes when a state does, at once. By a figure it is made anew every two seconds: rows that change
/// places four times a second cannot be read.
export const listed = computed<Entry[]>(() => {
  route.value;
  standings.value;
  const key = sortKey.value;
  if (key !== "name" && key !== "state") slow.value;
  const text = param("q").trim().toLowerCase();
  const tag = param("tag");
  const wanted = wantedStates.value;
  const found: Entry[] = [];
  for (const entry of entries.value.values()) {
    const breaker = entry.breaker.peek();
    if (wanted.size > 0 && !wanted.has(breaker.state)) continue;
    if (text && !entry.name.toLowerCase().includes(text)) continue;
    if (tag && !Object.entries(breaker.tags ?? {}).some(([name, value]) => `${name}=${value}` === tag)) continue;
    found.push(entry);
  }
  const way = ascending.value ? 1 : -1;
  if (key === "name") return found.sort((a, b) => way * byName(a, b));
  const of = figure[key];
  const figures = new Map(found.map((entry) => [entry, of(entry.breaker.peek())]));
  return found.sort((a, b) => way * (figures.get(a)! - figures.get(b)!) || byName(a, b));
});
