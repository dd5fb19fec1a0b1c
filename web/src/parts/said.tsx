// Small pieces of text that several pages show: how long ago, a change of state, a state, what is not there.
import type { ComponentChildren } from "preact";
import type { State, Transition } from "../api";
import { evidence, instant, span, stateWord } from "../format";
import { second, serverNow } from "../live/clock";
import type { Answer } from "../remote";
import { Glyph } from "./glyph";

/// `42 s`, counting; the exact instant as a tooltip.
export function Ago({ at, ago = false }: { at: string; ago?: boolean }) {
  second.value;
  const past = (serverNow() - Date.parse(at)) / 1000;
  return (
    <time dateTime={at} title={instant(at)}>
      {span(past)}
      {ago && " ago"}
    </time>
  );
}

/// `in 42 min`, counting down; the exact instant as a tooltip.
export function Until({ at }: { at: string }) {
  second.value;
  const left = (Date.parse(at) - serverNow()) / 1000;
  return (
    <time dateTime={at} title={instant(at)}>
      {left > 0 ? `in ${span(left)}` : "over"}
    </time>
  );
}

export function Move({ from, to }: { from: State; to: State }) {
  return (
    <span class="move">
      <span class={`dot ${from}`} aria-hidden="true" />
      {stateWord[from]} <span aria-hidden="true">→</span>
      <span class="hidden"> to </span> <span class={`dot ${to}`} aria-hidden="true" />
      {stateWord[to]}
    </span>
  );
}

export function Why({ transition }: { transition: Transition }) {
  const { rule, detail } = evidence(transition);
  return (
    <span class="why">
      <b>{rule}</b> {detail && <span class="num">{detail}</span>}
    </span>
  );
}

export function StateMark({ state, size = 22 }: { state: State; size?: number }) {
  return (
    <span class={`statemark ${state}`}>
      <Glyph state={state} size={size} />
      <span class="state">{stateWord[state]}</span>
    </span>
  );
}

export function Tags({ tags }: { tags: Record<string, string> | undefined }) {
  const all = Object.entries(tags ?? {});
  if (all.length === 0) return null;
  return (
    <>
      {all.map(([key, value]) => (
        <span key={key} class="tag" title={`${key}=${value}`}>
          <bdi>
            {key}={value}
          </bdi>
        </span>
      ))}
    </>
  );
}

/// What is in backticks becomes code.
export function WithCode({ text }: { text: string }) {
  return <>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}

/// What stands where an answer would, until it is here: one line.
export function Waiting({ answer, what, absent }: { answer: Answer<unknown>; what: string; absent: ComponentChildren }) {
  switch (answer.state) {
    case "asking":
      return <p class="quiet note">Asking for {what}…</p>;
    case "absent":
      return <p class="quiet note">{absent}</p>;
    case "failed":
      return (
        <p class="note trouble" role="alert">
          {answer.detail}
        </p>
      );
    case "here":
      return answer.failed ? <p class="note trouble">{answer.failed} What you see is the last answer.</p> : null;
  }
}
