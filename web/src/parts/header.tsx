// The top of every page: where to go, how everything stands, and whether what is shown is live.
import { states, type Health } from "../api";
import { span, rate, stateWord } from "../format";
import { firing } from "../live/alerts";
import { second, serverNow } from "../live/clock";
import { connection, counts, entries, health, heardAt, totals } from "../live/model";
import { outdated } from "../live/stream";
import { has } from "../remote";
import { href, place, route, type Page } from "../route";
import { Glyph } from "./glyph";
import { hasToolbar } from "./toolbar";

const healthWord: Record<Health, string> = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy" };

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

/// `path`: of the admin API, without which the page is not offered.
const links: { page: Page; word: string; also: Page[]; path?: string }[] = [
  { page: "overview", word: "Breakers", also: ["breaker"] },
  { page: "services", word: "Services", also: ["service"] },
  { page: "experiments", word: "Experiments", also: [], path: "/experiments" },
  { page: "alerts", word: "Alerts", also: [] },
  { page: "fleet", word: "Fleet", also: [], path: "/fleet" },
  { page: "reports", word: "Reports", also: ["report"] },
];

function Navigation() {
  const page = place.value.split("/", 1)[0] as Page;
  return (
    <nav aria-label="Pages">
      <ul>
        {links.filter(({ path }) => path === undefined || has(path)).map((link) => (
          <li key={link.page}>
            <a href={href(link.page)} class={link.page === page || link.also.includes(page) ? "here" : ""}
              aria-current={link.page === page ? "page" : undefined}>
              {link.word}
              {link.page === "alerts" && firing.value > 0 && (
                <span class="badge num">
                  {firing.value}
                  <span class="hidden"> firing</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/// How many breakers are in each state, and the way to them. The overview's toolbar says it too, if it has one.
function Counts() {
  const seen = counts.value;
  if (route.value.page === "overview" && hasToolbar.value) return null;
  return (
    <ul class="counts" aria-label="Circuit breakers by state">
      {states.map((state) =>
        seen[state] > 0 ? (
          <li key={state}>
            <a class={state} href={href("overview", "", { state })}>
              <Glyph state={state} size={22} />
              <b class="num">{seen[state]}</b> {stateWord[state].toLowerCase()}
            </a>
          </li>
        ) : null,
      )}
    </ul>
  );
}

/// How everything stands together.
function Overall() {
  return (
    <div class="overall">
      <p class={`health ${health.value}`} role="status">
        <HealthMark of={health.value} />
        {healthWord[health.value]}
      </p>
      <Counts />
      <p class="sums">
        <span>
          <b class="num">{rate(totals.value.calls)}</b> calls/s
        </span>
        <span>
          <b class="num">{rate(totals.value.rejected)}</b> rejected/s
        </span>
      </p>
    </div>
  );
}

export function Header() {
  return (
    <header class={connection.value === "live" ? "top" : "top stale"}>
      <div class="brand">
        <a href={href("overview")}>
          <img src="dashboard/icon.svg" width="36" height="36" alt="" />
          <span class="wordmark">Switchgear</span>
        </a>
        <span class={`link ${connection.value}`}>
          {{ live: "Live", connecting: "Connecting", lost: "Not connected" }[connection.value]}
        </span>
      </div>
      <Navigation />
      {entries.value.size > 0 && <Overall />}
    </header>
  );
}

function Age() {
  second.value;
  return <span class="num"> ({span((serverNow() - heardAt.value) / 1000)} old)</span>;
}

/// What must be known about the page itself.
export function Banners() {
  return (
    <>
      {connection.value === "lost" && (
        <p class="banner">
          <span role="alert">
            <b>Connection lost.</b>{" "}
            {heardAt.value > 0 ? "What you see is the last known state; connecting again…" : "Connecting again…"}
          </span>
          {heardAt.value > 0 && <Age />}
        </p>
      )}
      {outdated.value && (
        <p class="banner calm">
          <span role="alert">The server was replaced by another version.</span>{" "}
          <button type="button" onClick={() => location.reload()}>
            Load its dashboard
          </button>
        </p>
      )}
    </>
  );
}
