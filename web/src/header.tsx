// The top of the page: what it is, how everything stands, and whether what it shows is live.
import type { Health, State } from "./api";
import { rate, stateWord } from "./format";
import { Glyph } from "./glyph";
import { connection, counts, entries, filter, health, totals } from "./model";

const healthWord: Record<Health, string> = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy" };
const worstFirst: State[] = ["open", "forced_open", "half_open", "disabled", "closed"];

/// A tick, a wave or a cross: told apart without their colours.
function HealthMark({ of }: { of: Health }) {
  const path = { healthy: "m4 8.5 2.8 2.8L12 5.5", degraded: "M8 4v5M8 12v.01", unhealthy: "m5 5 6 6m0-6-6 6" }[of];
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"
      stroke-linejoin="round" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function Header() {
  const seen = counts.value;
  const some = entries.value.size > 0;
  return (
    <header class="top">
      <div class="brand">
        <img src="dashboard/icon.svg" width="36" height="36" alt="" />
        <h1>Switchgear</h1>
        <span class={`link ${connection.value}`}>
          {{ live: "Live", connecting: "Connecting", lost: "Not connected" }[connection.value]}
        </span>
      </div>
      {some && (
        <div class="overall">
          <p class={`health ${health.value}`} role="status">
            <HealthMark of={health.value} />
            {healthWord[health.value]}
          </p>
          <ul class="counts" aria-label="Circuit breakers by state">
            {worstFirst.map((state) =>
              seen[state] > 0 ? (
                <li key={state} class={state}>
                  <Glyph state={state} size={22} />
                  <b class="num">{seen[state]}</b> {stateWord[state].toLowerCase()}
                </li>
              ) : null,
            )}
          </ul>
          <p class="sums">
            <span>
              <b class="num">{rate(totals.value.calls)}</b> calls/s
            </span>
            <span>
              <b class="num">{rate(totals.value.rejected)}</b> rejected/s
            </span>
          </p>
          {entries.value.size > 8 && (
            <input type="search" placeholder="Filter by name" aria-label="Filter by name" value={filter.value}
              onInput={(event) => (filter.value = event.currentTarget.value)} />
          )}
        </div>
      )}
    </header>
  );
}
