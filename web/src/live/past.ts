// The last minutes of each breaker, one point a second, kept by the page itself: what the charts show of a program that keeps
// no history, and what the small ones always show.
import { states, type State } from "../api";

/// Seconds kept.
export const pastLength = 300;

/// Where the next second goes, the same for every breaker, so that all of them are read with one index.
let head = 0;
const times = new Float64Array(pastLength).fill(NaN);

/// Rings of `pastLength` values per second; NaN where the page was not connected.
export class Past {
  readonly calls = new Float32Array(pastLength).fill(NaN);
  readonly failures = new Float32Array(pastLength).fill(NaN);
  readonly rejected = new Float32Array(pastLength).fill(NaN);
  /// Indices of api.ts's `states`.
  readonly states = new Uint8Array(pastLength);

  record(state: State, calls: number, failures: number, rejected: number) {
    this.states[head] = states.indexOf(state);
    this.calls[head] = calls;
    this.failures[head] = failures;
    this.rejected[head] = rejected;
  }
}

/// Ends the second that every Past has recorded; `at` in milliseconds since 1970, of the server.
export function endSecond(at: number) {
  times[head] = at;
  head = (head + 1) % pastLength;
}

/// The index of the point that is `i` seconds after the oldest of the last `length`.
export const indexOf = (i: number, length: number) => (head + pastLength - length + i) % pastLength;

/// A second that the page has seen, per second; `from` and `to` in seconds since 1970.
export interface Seen {
  from: number;
  to: number;
  state: State;
  calls: number;
  failures: number;
  rejected: number;
}

/// A ring, oldest first, without the seconds in which the page was not connected or did not have the breaker. A page in the
/// background may be let run only now and then: a second is as long as the time since the last one.
export function seenIn(past: Past): Seen[] {
  const found: Seen[] = [];
  let before = NaN;
  for (let i = 0; i < pastLength; i++) {
    const at = indexOf(i, pastLength);
    const to = times[at]! / 1000;
    const known = !Number.isNaN(past.calls[at]!);
    if (known) {
      const from = Number.isNaN(before) ? to - 1 : before;
      found.push({ from, to, state: states[past.states[at]!]!, calls: past.calls[at]!, failures: past.failures[at]!, rejected: past.rejected[at]! });
    }
    before = known ? to : NaN;
  }
  return found;
}
