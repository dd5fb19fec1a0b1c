// What an adaptive breaker goes by now, and why.
import type { Adapted as Now, Policy } from "../api";
import { percent, seconds } from "../format";

export function Adapted({ now, policy }: { now: Now; policy: Policy & { consecutive_failures?: number | null } }) {
  const moved = now.open_duration !== policy.open_duration || now.consecutive_failures !== (policy.consecutive_failures ?? null);
  return (
    <p class={moved ? "note" : "quiet note"}>
      Now it opens
      {now.consecutive_failures !== null && (
        <>
          {" after "}
          <b class="num">{now.consecutive_failures}</b> failures in a row,
        </>
      )}{" "}
      for <b class="num">{seconds(now.open_duration)}</b>:{" "}
      {now.samples === 0
        ? "there are not enough calls yet to go by"
        : `${percent(now.failure_rate)} of the last ${now.samples} calls failed` +
          (now.mean_latency === null ? "" : `, the good ones took ${seconds(now.mean_latency)} on average`)}
      .
    </p>
  );
}
