// Where a multi-level breaker stands, what is in force there, and why it is there; where it has been.
import type { Level as Now, LevelChange } from "../api";
import { instant, percent, seconds } from "../format";
import { PlainTable } from "./plain_table";
import { Ago } from "./said";

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

/// Newest first.
export function LevelChanges({ list }: { list: readonly LevelChange[] }) {
  return (
    <PlainTable label="Changes of level" heads={["When", "To", "Why"]}>
      {[...list].reverse().map((each, i) => (
        <tr key={`${each.at} ${list.length - i}`}>
          <td class="num">
            {instant(each.at)}
            <small>
              <Ago at={each.at} ago />
            </small>
          </td>
          <td>{each.to}</td>
          <td>{each.text}</td>
        </tr>
      ))}
    </PlainTable>
  );
}
