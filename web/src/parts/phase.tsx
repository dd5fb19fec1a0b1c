// What a breaker is waiting for in its present state.
import type { Breaker } from "../api";
import { count, percent, seconds } from "../format";
import { now } from "../live/clock";
import type { Entry } from "../live/model";

function Countdown({ entry, of }: { entry: Entry; of: number }) {
  const due = entry.probeAt.value;
  // The page's clock ticks: an opening that arrived since the last tick would have more than its length left.
  const left = due === null ? 0 : Math.max(0, (due - Math.max(now.value, performance.now())) / 1000);
  const text = left > 0 ? `${left < 60 ? left.toFixed(1) : Math.ceil(left)} s` : "with the next call";
  return (
    <div class="phase">
      <p>
        <span>Next probe {left > 0 ? "in" : ""}</span> <b class="num">{text}</b>
      </p>
      <progress max={Math.max(of, left, 0.001)} value={left} aria-label="Time to the next probe" />
    </div>
  );
}

/// One dot a probe: passed, failed, under way, or still to come.
function Probes({ breaker }: { breaker: Breaker }) {
  const probes = breaker.half_open;
  if (!probes) return null;
  const { recorded, failed, in_flight, permitted } = probes;
  const { success_threshold: enough } = breaker.policy.half_open;
  const shown = Math.min(permitted, 24);
  const kind = (i: number) =>
    i < recorded - failed ? "passed" : i < recorded ? "failed" : i < recorded + in_flight ? "flying" : "left";
  return (
    <div class="phase">
      <p>
        <span>Probes</span>{" "}
        <b class="num">
          {recorded - failed} passed, {failed} failed, {in_flight} under way of {permitted}
          {enough < permitted && `; ${enough} passed ones close`}
        </b>
      </p>
      <div class="probes" aria-hidden="true">
        {Array.from({ length: shown }, (_, i) => (
          <i key={i} class={kind(i)} />
        ))}
      </div>
    </div>
  );
}

function Watching({ breaker }: { breaker: Breaker }) {
  const { window } = breaker.policy;
  if (!window) return <p class="phase">Watching every call.</p>;
  return (
    <div class="phase calm">
      <p>
        <span>Watching the last {window.type === "count" ? `${count(window.size)} calls` : seconds(window.duration)}</span>{" "}
        <b class="num">{count(breaker.window.calls)} seen</b>
      </p>
    </div>
  );
}

/// After half-open. A controller knows what it lets through, and why it stays there.
function Ramping({ breaker: { ramp } }: { breaker: Breaker }) {
  if (!ramp) return <p class="phase">Letting calls back in by shares.</p>;
  const { share, safe_share: safe, hold, calls, failed } = ramp;
  return (
    <div class="phase">
      <p>
        <span>Letting calls back in</span> <b class="num">{percent(share)}</b>
      </p>
      <progress max={1} value={share} aria-label="Share of the calls that pass" />
      <p class="quiet">
        {count(failed)} of {count(calls)} failed in this step; {percent(safe)} was safe
        {hold > 0 && `, held for ${hold === 1 ? "one step more" : `${hold} steps`}`}
      </p>
    </div>
  );
}

export function Phase({ entry }: { entry: Entry }) {
  const breaker = entry.breaker.value;
  const counts = breaker.state === "open" && (breaker.retry_after ?? 0) > 0;
  if (breaker.fleet_open && !counts)
    return <p class="phase">The fleet refuses its calls: other processes find it down.</p>;
  switch (breaker.state) {
    case "open":
      return <Countdown entry={entry} of={breaker.policy.open_duration} />;
    case "half_open":
      return <Probes breaker={breaker} />;
    case "forced_open":
      return <p class="phase">An operator refuses every call until reset.</p>;
    case "disabled":
      return <p class="phase">Every call passes, nothing is recorded.</p>;
    case "closed":
      return breaker.ramping ? <Ramping breaker={breaker} /> : <Watching breaker={breaker} />;
  }
}
