// A breaker's figures: failure rate against its limit, calls, refusals.
import type { Breaker } from "../api";
import { count, percent, rate } from "../format";

/// While a controlled ramp goes on, its steps are judged, and not the policy's window; a level has limits of its own.
const limitOf = ({ ramp, level, policy }: Breaker) =>
  ramp ? (policy.ramp?.controller?.max_failure_rate ?? null) : level ? level.in_force.failure_rate : policy.failure_rate;

export function Meter({ breaker }: { breaker: Breaker }) {
  const value = breaker.window.failure_rate;
  const limit = limitOf(breaker);
  return (
    <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" />
      <rect class={limit !== null && value >= limit ? "fill over" : "fill"} width={value * 100} height="6" />
      {limit !== null && <rect class="limit" x={Math.min(98.5, limit * 100 - 0.75)} width="1.5" height="6" />}
    </svg>
  );
}

export function Stats({ breaker }: { breaker: Breaker }) {
  const { rates, counters, window } = breaker;
  const limit = limitOf(breaker);
  return (
    <dl class="stats">
      <div class="stat">
        <dt>Failure rate</dt>
        <dd class="num">{window.calls === 0 ? "–" : percent(window.failure_rate)}</dd>
        <dd class="small">
          <Meter breaker={breaker} />
          {limit === null ? `of ${count(window.calls)} calls` : `${breaker.ramp ? "falls back" : "opens"} at ${percent(limit)}`}
        </dd>
      </div>
      <div class="stat">
        <dt>Calls</dt>
        <dd class="num">
          {rate(rates.calls_per_second)}
          <span class="unit">/s</span>
        </dd>
        <dd class="small">
          <i class="key calls" aria-hidden="true" /> {count(counters.calls)} in all
        </dd>
        <dd class="small">
          <i class="key failures" aria-hidden="true" /> {count(counters.failures)} failed
        </dd>
      </div>
      <div class="stat">
        <dt>Rejected</dt>
        <dd class="num">
          {rate(rates.rejected_per_second)}
          <span class="unit">/s</span>
        </dd>
        <dd class="small">
          <i class="key rejected" aria-hidden="true" /> {count(counters.rejected)} in all
        </dd>
        {breaker.mode === "metrics_only" && <dd class="small">{count(counters.would_reject)} would be</dd>}
      </div>
    </dl>
  );
}
