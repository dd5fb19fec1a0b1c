// Numbers, lengths of time and rules as people read them.
import type { State, Transition } from "./api";

export const stateWord: Record<State, string> = {
  closed: "Closed",
  open: "Open",
  half_open: "Half-open",
  forced_open: "Forced open",
  disabled: "Disabled",
};

/// Always with one decimal, so that a column of ratios lines up and a changing one does not jump.
export const percent = (ratio: number) => `${(ratio * 100).toFixed(1)}%`;

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/// Calls per second.
export function rate(perSecond: number): string {
  if (perSecond >= 100_000) return `${(perSecond / 1000).toFixed(1)} k`;
  if (perSecond >= 100 || perSecond === 0) return grouped.format(perSecond);
  return perSecond.toFixed(1);
}

const axis = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/// A rate on a chart: `0.25/s`, `40/s`, `12,300/s`.
export const perSecond = (value: number) => `${axis.format(value)}/s`;

export function count(value: number): string {
  if (value < 100_000) return grouped.format(value);
  const [unit, word] = value < 1e6 ? [1e3, "k"] : value < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${(value / unit).toFixed(1)} ${word}`;
}

const short = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/// A figure that is neither a count nor a ratio, with at most one decimal.
export const bare = (value: number) => short.format(value);

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; value >= 1024 && i < units.length - 1; i++) value /= 1024;
  return `${i === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[i]}`;
}

/// A length of time as a setting or a latency: `420 ms`, `2.5 s`, `3 min`.
export function seconds(value: number): string {
  if (value > 0 && value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 0.0095) return `${parseFloat((value * 1000).toFixed(1))} ms`;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${parseFloat(value.toFixed(value < 10 ? 2 : 1))} s`;
  return span(value);
}

/// A length of time in whole units: `42 s`, `3 min`, `2 h`, `5 d`.
export function span(value: number): string {
  if (value < 90) return `${Math.max(0, Math.floor(value))} s`;
  if (value < 90 * 60) return `${Math.round(value / 60)} min`;
  if (value < 36 * 3600) return `${Math.round(value / 3600)} h`;
  return `${Math.round(value / 86400)} d`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

/// An instant in the reader's time zone; with the day unless it is today's.
export function instant(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "–";
  return (date.toDateString() === new Date().toDateString() ? clock : dayAndClock).format(date);
}

/// `http_error` as `HTTP error`.
export const words = (name: string) => name.replaceAll("_", " ").replace(/^http\b/, "HTTP");

/// A rule's value and its limit, in the rule's own unit.
export function evidence({ rule, value, threshold }: Pick<Transition, "rule" | "value" | "threshold">): {
  rule: string;
  detail: string;
} {
  switch (rule) {
    case "failure_rate":
      return { rule: "failure rate", detail: `${percent(value)} ≥ ${percent(threshold)}` };
    case "slow_call":
      return { rule: "slow calls", detail: `${percent(value)} ≥ ${percent(threshold)}` };
    case "latency":
      return { rule: "latency", detail: `${seconds(value)} ≥ ${seconds(threshold)}` };
    case "consecutive_failures":
      return { rule: "consecutive failures", detail: `${value} ≥ ${threshold}` };
    case "failure_balance":
      return { rule: "failure balance", detail: `${value} ≥ ${threshold}` };
    case "stuck_calls":
      return { rule: "stuck calls", detail: `${value} ≥ ${threshold}` };
    case "probe":
      return { rule: "failed probes", detail: percent(value) };
    case "max_wait":
      return { rule: "a probe hung", detail: seconds(threshold) };
    case "recovered":
      return { rule: "probes passed", detail: "" };
    case "open_duration":
      return { rule: "wait is over", detail: seconds(threshold) };
    case "operator":
      return { rule: "by an operator", detail: "" };
    default:
      return { rule: words(rule), detail: "" };
  }
}

export function sentence(circuit: string, transition: Transition): string {
  const { rule, detail } = evidence(transition);
  return `${circuit}: ${stateWord[transition.from]} to ${stateWord[transition.to]}, ${rule} ${detail}`.trim();
}
