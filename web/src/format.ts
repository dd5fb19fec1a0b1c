// Numbers and rules as people read them.
import type { State, Transition } from "./api";

export const stateWord: Record<State, string> = {
  closed: "Closed",
  open: "Open",
  half_open: "Half-open",
  forced_open: "Forced open",
  disabled: "Disabled",
};

export function percent(ratio: number): string {
  const value = ratio * 100;
  return value === 0 || value >= 99.95 || Number.isInteger(value) ? `${Math.round(value)}%` : `${value.toFixed(1)}%`;
}

export function rate(perSecond: number): string {
  if (perSecond >= 10_000) return `${(perSecond / 1000).toFixed(1)} k`;
  if (perSecond >= 100 || perSecond === 0) return perSecond.toFixed(0);
  return perSecond.toFixed(1);
}

export function count(value: number): string {
  return value < 100_000 ? value.toLocaleString("en-US") : `${(value / (value < 1e6 ? 1e3 : 1e6)).toFixed(1)} ${value < 1e6 ? "k" : "M"}`;
}

export function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${Number.isInteger(value) ? value : value.toFixed(1)} s`;
  return span(value);
}

/// A length of time in whole units: `42 s`, `3 min`, `2 h`, `5 d`.
export function span(value: number): string {
  if (value < 90) return `${Math.max(0, Math.floor(value))} s`;
  if (value < 90 * 60) return `${Math.round(value / 60)} min`;
  if (value < 36 * 3600) return `${Math.round(value / 3600)} h`;
  return `${Math.round(value / 86400)} d`;
}

/// A rule's value and its limit, in the rule's own unit.
export function evidence({ rule, value, threshold }: Transition): { rule: string; detail: string } {
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
      return { rule: rule.replaceAll("_", " "), detail: "" };
  }
}

export function sentence(circuit: string, transition: Transition): string {
  const { rule, detail } = evidence(transition);
  return `${circuit}: ${stateWord[transition.from]} to ${stateWord[transition.to]}, ${rule} ${detail}`.trim();
}
