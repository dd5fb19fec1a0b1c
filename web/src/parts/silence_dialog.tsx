// Asks which alerts are not to be told, for how long and why.
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { post } from "../commands";
import { done } from "../live/alerts";
import { Dialog } from "./dialog";

const lengths: [string, string][] = [
  ["30m", "30 minutes"],
  ["2h", "2 hours"],
  ["8h", "8 hours"],
  ["24h", "1 day"],
  ["168h", "1 week"],
];

export interface Silenced {
  circuit: string;
  rule: string;
}

export function SilenceDialog({ of, close }: { of: Silenced; close: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = new FormData(form.current!);
    // An empty text is left out: the server then takes its default.
    const wanted = [...given].map(([key, value]) => [key, String(value).trim()]).filter(([, value]) => value !== "");
    busy.value = true;
    trouble.value = await post("silences", Object.fromEntries(wanted) as object);
    busy.value = false;
    if (trouble.value !== null) return;
    done.value++;
    close();
  };
  return (
    <Dialog title="Silence alerts" onCancel={close}>
      <form ref={form} onSubmit={(event) => void submit(event)}>
        <p>Alerts that fit are shown here but not told to anyone. A * stands for any text.</p>
        <label>
          Circuit
          <input name="circuit" defaultValue={of.circuit} required autocomplete="off" spellcheck={false} />
        </label>
        <label>
          Rule
          <input name="rule" defaultValue={of.rule} required autocomplete="off" spellcheck={false} />
        </label>
        <label>
          For
          <select name="for" defaultValue="2h">
            {lengths.map(([value, word]) => (
              <option key={value} value={value} selected={value === "2h"}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <label>
          Why
          <input name="why" maxLength={200} autocomplete="off" data-first />
        </label>
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy.value}>
            Silence
          </button>
        </div>
      </form>
    </Dialog>
  );
}
