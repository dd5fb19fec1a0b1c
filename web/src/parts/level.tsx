// Where a multi-level breaker stands, what is in force there, and why it is there.
import type { Level as Now } from "../api";
import { instant, percent, seconds } from "../format";

function rules(now: Now["in_force"]): string[] {
  const opens: string[] = [];
  if (now.failure_rate !== null) opens.push(`${percent(now.failure_rate)} of at least ${now.minimum_calls} calls fail`);
  if (now.slow_call) opens.push(`${percent(now.slow_call.rate)} take longer than ${seconds(now.slow_call.threshold)}`);
  if (now.latency) opens.push(`the ${percent(now.latency.quantile)} quantile reaches ${seconds(now.latency.above)}`);
  if (now.consecutive_failures !== null) opens.push(`${now.consecutive_failures} in a row fail`);
  if (now.failure_balance !== null) opens.push(`failures lead by ${now.failure_balance}`);
  return opens;
}

export function Level({ now }: { now: Now }) {
  const opens = rules(now.in_force);
  return (
    <p class={now.name === "warning" ? "quiet note level" : "note level"}>
      Level <b>{now.name}</b> ({now.service}): it opens for <b class="num">{seconds(now.in_force.open_duration)}</b>
      {opens.length > 0 && ` when ${opens.join(", or ")}`}
      {now.comes_down !== null && `; comes down at ${instant(now.comes_down)} if it stays closed`}.
      {now.last_change && ` At ${instant(now.last_change.at)} it ${now.last_change.text}.`}
    </p>
  );
}
