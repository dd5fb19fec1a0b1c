// The states of a breaker over a time: what is recorded, made exact by the changes of state within it. A change alone does not say
// how long its state lasted: the program may have been killed, and begun anew with a closed breaker.
import type { State } from "../api";
import type { Mark, Stretch } from "../parts/time_chart";

/// A time of which there is a record, in seconds since 1970, and the state at its end.
export interface Recorded {
  from: number;
  to: number;
  state: State;
}

/// Both oldest first. Times without a record are in no stretch.
export function stretchesOf(recorded: readonly Recorded[], marks: readonly Mark[]): Stretch[] {
  const found: Stretch[] = [];
  const add = (state: State, from: number, to: number) => {
    const last = found.at(-1);
    if (last && last.state === state && last.to >= from) last.to = to;
    else if (to > from) found.push({ state, from, to });
  };
  const changes = marks.map(({ at, from, to }) => ({ at: Date.parse(at) / 1000, from, to }));
  let next = 0;
  for (const { from, to, state } of recorded) {
    while (next < changes.length && changes[next]!.at < from) next++;
    let begin = from;
    let now = state;
    for (; next < changes.length && changes[next]!.at < to; next++) {
      const change = changes[next]!;
      add(change.from, begin, change.at);
      begin = change.at;
      now = change.to;
    }
    add(now, begin, to);
  }
  return found;
}
