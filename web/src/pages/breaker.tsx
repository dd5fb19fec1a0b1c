// One breaker: how it stands, what it did over a span of time, why it changed, and what an operator can do.
import type { BreakerDocument, Transition } from "../api";
import { entries, connection, type Entry } from "../live/model";
import { Analysis } from "../parts/analysis";
import { BreakerCommands } from "../parts/breaker_commands";
import { Standing } from "../parts/card";
import { Glyph } from "../parts/glyph";
import { Options } from "../parts/options";
import { Phase } from "../parts/phase";
import { Waiting } from "../parts/said";
import { chosenSpan, SpanChooser } from "../parts/spans";
import { Adapted } from "../parts/adapted";
import { Level, LevelChanges } from "../parts/level";
import { Shadows } from "../parts/shadows";
import { SplitPanel } from "../parts/split";
import { Stats } from "../parts/stats";
import { Transitions } from "../parts/transitions";
import { Charts } from "../parts/charts";
import { Commands } from "../parts/commands_given";
import { has, useAnswer } from "../remote";
import { href } from "../route";
import { usePastOf } from "./past_of";

const none: Transition[] = [];

/// Those that both know, each once, newest first.
function merged(some: readonly Transition[], others: readonly Transition[]): Transition[] {
  const found = new Map([...some, ...others].map((each) => [`${each.generation} ${each.at}`, each]));
  return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.generation - a.generation);
}

function Figures({ entry, known }: { entry: Entry; known: readonly Transition[] }) {
  const chosen = chosenSpan(has("/history") ? "1h" : "5m");
  const live = chosen.kind === "last" && chosen.span === "5m";
  const { past, answer } = usePastOf(entry.name, chosen, entry.past);
  const all = merged(known, past?.transitions ?? none);
  const within = past ? all.filter(({ at }) => Date.parse(at) / 1000 >= past.from && Date.parse(at) / 1000 <= past.to) : all;
  return (
    <>
      <section class="panel" aria-labelledby="charts-title">
        <header class="panelhead">
          <h2 id="charts-title">Over time</h2>
          <SpanChooser chosen={chosen} from={past?.from ?? 0} to={past?.to ?? 0} offered={has("/history") ? ["5m", "1h", "6h", "24h"] : ["5m"]} />
        </header>
        {(!live || answer.state === "failed") && (
          <Waiting answer={answer} what="the history" absent="This program keeps no history; choose the last 5 minutes." />
        )}
        {live && (
          <p class="quiet note">
            {has("/history")
              ? "Second by second since you opened this page, before that from the history."
              : "What this page has seen since you opened it. A history is not configured, so that earlier calls and latencies are not known."}
          </p>
        )}
        {past && <Charts past={past} marks={[...all].reverse()} />}
      </section>
      <section class="panel" aria-labelledby="transitions-title">
        <h2 id="transitions-title">Changes of state</h2>
        <Transitions list={within} />
      </section>
      {past?.levels && past.levels.length > 0 && (
        <section class="panel" aria-labelledby="levels-title">
          <h2 id="levels-title">Changes of level</h2>
          <LevelChanges list={past.levels} />
        </section>
      )}
      {past?.commands && past.commands.length > 0 && (
        <section class="panel" aria-labelledby="commands-title">
          <h2 id="commands-title">Commands</h2>
          <Commands list={past.commands} />
        </section>
      )}
    </>
  );
}

export function BreakerPage({ name }: { name: string }) {
  const entry = entries.value.get(name);
  const breaker = entry?.breaker.value;
  // A new generation is a change of state, of which the server then knows the evidence.
  const document = useAnswer<BreakerDocument>(
    entry ? `circuit-breakers/${encodeURIComponent(name)}` : null,
    30_000,
    `${breaker?.generation} ${breaker?.state}`,
  );
  if (!entry || !breaker) {
    return (
      <section class="empty">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <p>{connection.value === "connecting" ? "Waiting for the server." : "The program has no circuit breaker of that name."}</p>
        <p>
          <a href={href("overview")}>All breakers</a>
        </p>
      </section>
    );
  }
  return (
    <article class={`breaker ${breaker.state}`}>
      <header class="pagehead">
        <Glyph state={breaker.state} size={56} />
        <div class="title">
          <h1 title={name}>
            <bdi>{name}</bdi>
          </h1>
          <Standing breaker={breaker} />
        </div>
        <BreakerCommands breaker={breaker} />
      </header>
      <section class="panel now" aria-label="Now">
        <Phase entry={entry} />
        <Stats breaker={breaker} />
      </section>
      <Shadows name={name} />
      <SplitPanel service={name} />
      <Figures entry={entry} known={document.state === "here" ? document.data.transitions : none} />
      <div class="columns">
        <section class="panel" aria-labelledby="analysis-title">
          <header class="panelhead">
            <h2 id="analysis-title">Analysis</h2>
            {has("/reports") && <a href={href("report", name)}>Report</a>}
          </header>
          <Analysis name={name} again={breaker.generation} />
        </section>
        <section class="panel" aria-labelledby="policy-title">
          <h2 id="policy-title">Policy</h2>
          {breaker.level && <Level now={breaker.level} />}
          {breaker.adapted && <Adapted now={breaker.adapted} policy={breaker.policy} />}
          <Options policy={breaker.policy} />
        </section>
      </div>
    </article>
  );
}
