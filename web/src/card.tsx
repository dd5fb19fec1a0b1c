// One breaker.
import { useSignal } from "@preact/signals";
import type { Breaker, Transition } from "./api";
import { send, type Command } from "./commands";
import { count, evidence, percent, rate, seconds, span, stateWord } from "./format";
import { Glyph } from "./glyph";
import { now, serverNow, type Entry } from "./model";
import { Sparkline } from "./sparkline";

function Ago({ at }: { at: string }) {
  now.value;
  return <>{span((serverNow() - Date.parse(at)) / 1000)}</>;
}

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

function Phase({ entry }: { entry: Entry }) {
  const breaker = entry.breaker.value;
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
      return breaker.ramping ? <p class="phase">Letting calls back in by shares.</p> : <Watching breaker={breaker} />;
  }
}

function FailureRate({ breaker }: { breaker: Breaker }) {
  const { failure_rate: value, calls } = breaker.window;
  const limit = breaker.policy.failure_rate;
  return (
    <div class="stat">
      <dt>Failure rate</dt>
      <dd class="num">{calls === 0 ? "–" : percent(value)}</dd>
      <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="6" />
        <rect class={limit !== null && value >= limit ? "fill over" : "fill"} width={value * 100} height="6" />
        {limit !== null && <rect class="limit" x={Math.min(98.5, limit * 100 - 0.75)} width="1.5" height="6" />}
      </svg>
      <small>{limit === null ? `of ${count(calls)} calls` : `opens at ${percent(limit)}`}</small>
    </div>
  );
}

function LastTransition({ last }: { last: Transition | null }) {
  if (!last) return <p class="last quiet">No change of state yet</p>;
  const { rule, detail } = evidence(last);
  return (
    <p class="last">
      <span class="move">
        <span class={`dot ${last.from}`} aria-hidden="true" />
        {stateWord[last.from]} <span aria-hidden="true">→</span>
        <span class="hidden"> to </span> <span class={`dot ${last.to}`} aria-hidden="true" />
        {stateWord[last.to]}
      </span>
      <span class="why">
        <b>{rule}</b> {detail && <span class="num">{detail}</span>}
      </span>
      <span class="ago num">
        <Ago at={last.at} /> ago
      </span>
    </p>
  );
}

function Buttons({ breaker }: { breaker: Breaker }) {
  const busy = useSignal(false);
  const sure = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const run = async (command: Command) => {
    busy.value = true;
    sure.value = false;
    trouble.value = await send(breaker.name, command);
    busy.value = false;
  };
  // Forcing open refuses all traffic at once: the first press asks for confirmation, the second does it.
  const forceOpen = () => {
    if (sure.value) return void run("force-open");
    sure.value = true;
    setTimeout(() => (sure.value = false), 4000);
  };
  return (
    <div class="actions">
      <button type="button" disabled={busy.value} aria-label={`Reset ${breaker.name}`} onClick={() => void run("reset")}>
        Reset
      </button>
      <button type="button" class={sure.value ? "danger sure" : "danger"} disabled={busy.value || breaker.state === "forced_open"}
        aria-label={sure.value ? `Confirm: refuse every call to ${breaker.name}` : `Force open ${breaker.name}`} onClick={forceOpen}>
        {sure.value ? "Refuse all?" : "Force open"}
      </button>
      {trouble.value && <p role="alert">{trouble.value}</p>}
    </div>
  );
}

export function Card({ entry }: { entry: Entry }) {
  const breaker = entry.breaker.value;
  const { rates, counters } = breaker;
  return (
    <article class={`card ${breaker.state}`} aria-label={`${breaker.name}: ${stateWord[breaker.state]}`}>
      <header>
        <Glyph state={breaker.state} />
        <div class="title">
          <h2 title={breaker.name}>
            <bdi>{breaker.name}</bdi>
          </h2>
          <p>
            <strong class="state">{stateWord[breaker.state]}</strong>
            <span class="since">
              {" "}
              for <Ago at={breaker.since} />
            </span>
            {breaker.mode === "metrics_only" && <span class="tag">metrics only</span>}
            {breaker.ramping && <span class="tag">ramping</span>}
            {breaker.relapses > 0 && <span class="tag">{breaker.relapses}× relapsed</span>}
          </p>
        </div>
      </header>
      <Phase entry={entry} />
      <dl class="stats">
        <FailureRate breaker={breaker} />
        <div class="stat">
          <dt>Calls</dt>
          <dd class="num">
            {rate(rates.calls_per_second)}
            <span class="unit">/s</span>
          </dd>
          <small>
            <i class="key calls" aria-hidden="true" /> {count(counters.calls)} in all
          </small>
          <small>
            <i class="key failures" aria-hidden="true" /> {count(counters.failures)} failed
          </small>
        </div>
        <div class="stat">
          <dt>Rejected</dt>
          <dd class="num">
            {rate(rates.rejected_per_second)}
            <span class="unit">/s</span>
          </dd>
          <small>
            <i class="key rejected" aria-hidden="true" /> {count(counters.rejected)} in all
          </small>
          {breaker.mode === "metrics_only" && <small>{count(counters.would_reject)} would be</small>}
        </div>
      </dl>
      <Sparkline history={entry.history} />
      <LastTransition last={breaker.last_transition} />
      <Buttons breaker={breaker} />
      {breaker.policy.slow_call && breaker.window.slow > 0 && (
        <p class="hidden">
          {percent(breaker.window.slow_call_rate)} slower than {seconds(breaker.policy.slow_call.threshold)}
        </p>
      )}
    </article>
  );
}
