// Which span of time is looked at: one of the usual, ending now, or any two instants. The address has it.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { param, route, setParams } from "../route";

export const spans = { "5m": 300, "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600 } as const;
export type Span = keyof typeof spans;

const words: Record<Span, string> = { "5m": "5 min", "1h": "1 h", "6h": "6 h", "24h": "24 h" };

/// `from` and `to` in seconds since 1970.
export type Chosen = { kind: "last"; span: Span } | { kind: "between"; from: number; to: number };

export function chosenSpan(usual: Span): Chosen {
  route.value;
  const [from, to] = [Date.parse(param("from")) / 1000, Date.parse(param("to")) / 1000];
  if (from < to) return { kind: "between", from, to };
  const span = param("span");
  return { kind: "last", span: Object.hasOwn(spans, span) ? (span as Span) : usual };
}

export const choose = (span: Span) => setParams({ span, from: "", to: "" }, "push");

/// No shorter than ten seconds: a history has nothing finer.
export function chooseBetween(from: number, to: number) {
  const middle = (from + to) / 2;
  const half = Math.max(5, (to - from) / 2);
  const text = (at: number) => new Date(Math.round(at) * 1000).toISOString();
  setParams({ from: text(middle - half), to: text(middle + half), span: "" }, "push");
}

/// As `datetime-local` has it, in the reader's time zone.
function local(at: number): string {
  const date = new Date(at * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/// Offers the span that is shown when it appears; answers that come later do not change what the reader has typed.
function Between({ from, to, done }: { from: number; to: number; done: () => void }) {
  const offered = useRef({ from: local(from), to: local(to) }).current;
  const end = useRef<HTMLInputElement>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [begins, ends] = ["from", "to"].map((key) => Date.parse(String(form.get(key))) / 1000) as [number, number];
    if (!(begins < ends)) {
      end.current!.setCustomValidity("Choose a time after “From”.");
      end.current!.reportValidity();
      return;
    }
    chooseBetween(begins, ends);
    done();
  };
  return (
    <form class="between" onSubmit={submit} onInput={() => end.current!.setCustomValidity("")}>
      <label>
        From <input type="datetime-local" name="from" step="1" required defaultValue={offered.from} />
      </label>
      <label>
        To <input ref={end} type="datetime-local" name="to" step="1" required defaultValue={offered.to} />
      </label>
      <button type="submit" class="primary">
        Show
      </button>
    </form>
  );
}

export function SpanChooser({ chosen, from, to, offered }: { chosen: Chosen; from: number; to: number; offered: readonly Span[] }) {
  const open = useSignal(false);
  const now = Date.now() / 1000;
  if (offered.length === 1) return null;
  return (
    <div class="spans">
      <div class="switch" role="group" aria-label="Span of time">
        {offered.map((span) => (
          <button key={span} type="button" aria-pressed={chosen.kind === "last" && chosen.span === span} onClick={() => choose(span)}>
            {words[span]}
          </button>
        ))}
        <button type="button" aria-pressed={chosen.kind === "between"} aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          Other…
        </button>
      </div>
      {open.value && <Between from={from || now - 3600} to={to || now} done={() => (open.value = false)} />}
    </div>
  );
}
