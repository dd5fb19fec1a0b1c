// The page's clocks. A component that reads one is drawn again when it ticks, so each reads the slowest that will do.
import { signal } from "@preact/signals";

/// The page's clock in milliseconds, ticking often enough for a countdown in tenths to look alive.
export const now = signal(performance.now());
/// Counts seconds, for what says how long ago something was.
export const second = signal(0);
/// Counts pairs of seconds, for an order that would make rows jump about if it were made anew with every event.
export const slow = signal(0);

/// The server's wall clock minus ours, so that "12 s ago" is right on a machine whose clock is not.
let skew = 0;
export const serverNow = () => Date.now() + skew;
export const setServerTime = (at: string) => void (skew = Date.parse(at) - Date.now());

export function startClocks(eachSecond: () => void) {
  setInterval(() => (now.value = performance.now()), 200);
  setInterval(() => {
    eachSecond();
    second.value++;
    if (second.value % 2 === 0) slow.value++;
  }, 1000);
}
