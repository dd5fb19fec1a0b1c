// One breaker on the overview.
import type { Breaker, Transition } from "../api";
import { percent, seconds, stateWord } from "../format";
import type { Entry } from "../live/model";
import { href } from "../route";
import { CommandButtons, type Question } from "./breaker_commands";
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

/// A breaker's state with all that qualifies it.
export function Standing({ breaker }: { breaker: Breaker }) {
  return (
    <p class="standing">
      <strong class="state">{stateWord[breaker.state]}</strong>
      <span class="since">
        for <Ago at={breaker.since} />
      </span>
      {breaker.mode === "metrics_only" && <span class="tag">metrics only</span>}
      {breaker.fleet_open && <span class="tag">fleet open</span>}
      {breaker.ramping && <span class="tag">ramping{breaker.ramp && ` ${percent(breaker.ramp.share)}`}</span>}
      {breaker.relapses > 0 && <span class="tag">{breaker.relapses}× relapsed</span>}
      <Tags tags={breaker.tags} />
    </p>
  );
}

export function Card({ entry, ask }: { entry: Entry; ask: (question: Question) => void }) {
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
      <CommandButtons breaker={breaker} ask={ask} onCard />
      {breaker.policy.slow_call && breaker.window.slow > 0 && (
        <p class="hidden">
          {percent(breaker.window.slow_call_rate)} slower than {seconds(breaker.policy.slow_call.threshold)}
        </p>
      )}
    </article>
  );
}
