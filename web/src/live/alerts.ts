// The alerts that the program knows, asked for on every page: the navigation says how many are firing.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { severities, type Alert, type AlertsDocument } from "../api";
import { under, useAnswer, type Answer } from "../remote";
import { route } from "../route";

export const alerts = signal<Answer<AlertsDocument>>({ state: "asking" });

export const firing = computed(() =>
  alerts.value.state === "here" ? alerts.value.data.alerts.filter(({ state }) => state === "firing").length : 0,
);

/// Counts what an operator has done to alerts, so that the page shows it at once.
export const done = signal(0);

/// Keeps `alerts` as they are; draws nothing.
export function AlertsWatch() {
  const looking = route.value.page === "alerts";
  const answer = useAnswer<AlertsDocument>(under("/alerts", "alerts"), looking ? 2000 : 5000, done.value);
  useEffect(() => void (alerts.value = answer), [answer]);
  return null;
}

const stages: Alert["state"][] = ["firing", "pending", "resolved"];

/// Firing first, then the worst, then the latest.
export function byUrgency(a: Alert, b: Alert): number {
  return (
    stages.indexOf(a.state) - stages.indexOf(b.state) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    Date.parse(b.since ?? b.fired_at ?? "") - Date.parse(a.since ?? a.fired_at ?? "") ||
    (a.id < b.id ? -1 : 1)
  );
}
