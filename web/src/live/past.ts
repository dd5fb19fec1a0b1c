// The last minutes of each breaker, one point a second, kept by the page itself: what the charts show of a program that keeps
// no history, and what the small ones always show.

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

  record(calls: number, failures: number, rejected: number) {
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

/// A ring, oldest first, gaps as null. `times` itself: the seconds since 1970 of each point, without those before the page was
/// opened.
export function unrolled(past: Past) {
  const seen: number[] = [];
  const values: [(number | null)[], (number | null)[], (number | null)[]] = [[], [], []];
  for (let i = 0; i < pastLength; i++) {
    const at = indexOf(i, pastLength);
    if (Number.isNaN(times[at])) continue;
    seen.push(times[at]! / 1000);
    [past.calls, past.failures, past.rejected].forEach((ring, k) => values[k]!.push(Number.isNaN(ring[at]) ? null : ring[at]!));
  }
  return { times: seen, calls: values[0], failures: values[1], rejected: values[2] };
}
