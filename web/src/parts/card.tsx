// One breaker on the overview.
import { useSignal } from "@preact/signals";
import type { Breaker, Transition } from "../api";
import { send, type Command } from "../commands";
import { percent, seconds, stateWord } from "../format";
import type { Entry } from "../live/model";
import { href } from "../route";
import { Glyph } from "./glyph";
import { Phase } from "./phase";
import { Ago, Move, Tags, Why } from "./said";
import { Sparkline } from "./sparkline";
import { Stats } from "./stats";

function LastTransition({ last }: { last: Transition | null }) {
  if (!last) return <p class="last quiet">No change of state yet</p>;
  return (
    <p class="last">
      <Move from={last.from} to={last.to} />
      <Why transition={last} />
      <span class="ago num">
        <Ago at={last.at} ago />
      </span>
    </p>
  );
}

function Buttons({ breaker }: { breaker: Breaker }) {
  const busy = useSignal(false);
  const sure = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const forced = breaker.state === "forced_open";
  const run = async (command: Command) => {
    if (busy.value) return;
    busy.value = true;
    sure.value = false;
    trouble.value = await send(breaker.name, command);
    busy.value = false;
  };
  // Forcing open refuses all traffic at once: the first press asks for confirmation, the second does it.
  const forceOpen = () => {
    if (forced) return;
    if (sure.value) return void run("force-open");
    sure.value = true;
    setTimeout(() => (sure.value = false), 4000);
  };
  return (
    <div class="actions">
      <button type="button" aria-disabled={busy.value} aria-label={`Reset ${breaker.name}`} onClick={() => void run("reset")}>
        Reset
      </button>
      <button type="button" class={sure.value ? "danger sure" : "danger"} aria-disabled={busy.value || forced}
        aria-label={sure.value ? `Confirm: refuse every call to ${breaker.name}` : `Force open ${breaker.name}`} onClick={forceOpen}>
        {sure.value ? "Refuse all?" : "Force open"}
      </button>
      {trouble.value && <p role="alert">{trouble.value}</p>}
    </div>
  );
}

/// A breaker's state with all that qualifies it.
export function Standing({ breaker }: { breaker: Breaker }) {
  return (
    <p class="standing">
      <strong class="state">{stateWord[breaker.state]}</strong>
      <span class="since">
        for <Ago at={breaker.since} />
      </span>
      {breaker.mode === "metrics_only" && <span class="tag">metrics only</span>}
      {breaker.ramping && <span class="tag">ramping</span>}
      {breaker.relapses > 0 && <span class="tag">{breaker.relapses}× relapsed</span>}
      <Tags tags={breaker.tags} />
    </p>
  );
}

export function Card({ entry }: { entry: Entry }) {
  const breaker = entry.breaker.value;
  return (
    <article class={`card ${breaker.state}`} aria-label={`${breaker.name}: ${stateWord[breaker.state]}`}>
      <header>
        <Glyph state={breaker.state} />
        <div class="title">
          <h2 title={breaker.name}>
            <a href={href("breaker", breaker.name)}>
              <bdi>{breaker.name}</bdi>
            </a>
          </h2>
          <Standing breaker={breaker} />
        </div>
      </header>
      <Phase entry={entry} />
      <Stats breaker={breaker} />
      <Sparkline past={entry.past} labelled />
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
