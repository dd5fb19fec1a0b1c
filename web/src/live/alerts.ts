// The alerts that the program knows, asked for on every page: the navigation says how many are firing.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { severities, type Alert, type AlertsDocument } from "../api";
import { has, useAnswer, type Answer } from "../remote";
import { route } from "../route";
import { happenings } from "./model";

export const alerts = signal<Answer<AlertsDocument>>({ state: "asking" });

export const firing = computed(() =>
  alerts.value.state === "here" ? alerts.value.data.alerts.filter(({ state }) => state === "firing").length : 0,
);

/// Counts what an operator has done to alerts, so that the page shows it at once.
export const done = signal(0);

/// Keeps `alerts` as they are; draws nothing.
export function AlertsWatch() {
  const looking = route.value.page === "alerts";
  // A change of state often raises an alert or ends one.
  const answer = useAnswer<AlertsDocument>(has("/alerts") ? "alerts" : null, looking ? 3000 : 10_000, [done.value, happenings.value[0]?.at].join());
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
