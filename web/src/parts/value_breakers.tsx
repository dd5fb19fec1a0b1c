// Breakers by value of one service: how many there are, which are not closed, and an operator's commands to any of them.
import { useRef } from "preact/hooks";
import { signal, useSignal } from "@preact/signals";
import type { ByValue } from "../api";
import { sendToValue } from "../commands";
import { count, span } from "../format";
import { offers } from "./breaker_commands";
import { Dialog } from "./dialog";
import { counted, Pairs, Usage } from "./panel";
import { PlainTable } from "./plain_table";
import { StateMark } from "./said";

/// Counts the commands that were carried out, so that the page asks for the state after them.
export const commanded = signal(0);

/// A value as the name of its breaker shows it: bytes that are not visible ASCII are percent-encoded already, and so is `%`.
interface Shown {
  shown: string;
}
const inQuery = ({ shown }: Shown) => shown.replace(/[^A-Za-z0-9%._~-]/g, encodeURIComponent);

interface Asked {
  /// Null: the operator types it.
  value: Shown | null;
}

function CommandForm({ name, header, asked, close }: { name: string; header: string; asked: Asked; close: (done: string | null) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const offer = useSignal(offers[0]!);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const typed = String(new FormData(form.current!).get("value") ?? "");
    busy.value = true;
    trouble.value = await sendToValue(name, asked.value ? inQuery(asked.value) : encodeURIComponent(typed), offer.value.command);
    busy.value = false;
    if (trouble.value !== null) return;
    commanded.value++;
    close(`${offer.value.word}, ${header} ${asked.value?.shown ?? typed}: done.`);
  };
  return (
    <Dialog title="Command to the breaker of one value" onCancel={() => close(null)}>
      <form ref={form} onSubmit={(event) => void submit(event)}>
        {asked.value ? (
          <p>
            {header} <b><bdi>{asked.value.shown}</bdi></b>
          </p>
        ) : (
          <label>
            {header}
            <input name="value" required autocomplete="off" spellcheck={false} data-first />
          </label>
        )}
        <label>
          Command
          <select data-first={asked.value ? true : undefined} value={offer.value.command}
            onChange={({ currentTarget: { value } }) => (offer.value = offers.find(({ command }) => command === value)!)}>
            {offers.map(({ command, word }) => (
              <option key={command} value={command}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <p>{offer.value.does}</p>
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => close(null)}>
            Cancel
          </button>
          <button type="submit" class={offer.value.dangerous ? "danger sure" : "primary"} disabled={busy.value}>
            {offer.value.word}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function ValueBreakers({ name, by }: { name: string; by: ByValue }) {
  const asked = useSignal<Asked | null>(null);
  const done = useSignal<string | null>(null);
  const prefix = `${name}/${by.header}=`;
  const values = by.opened.map((each) => ({ ...each, shown: each.circuit.slice(prefix.length) }));
  return (
    <section class="panel whole" aria-labelledby="values-title">
      <div class="panelhead">
        <h2 id="values-title">
          Breakers by the value of <bdi>{by.header}</bdi>
        </h2>
        <button type="button" onClick={() => (asked.value = { value: null })}>
          Command to a value…
        </button>
      </div>
      <p role="status">{done.value}</p>
      <Usage label="values with a breaker" used={by.values} of={by.max} />
      <Pairs of={counted({ not_closed: by.open, calls_refused: by.rejected, calls_without_one: by.uncovered, retired: by.retired, evicted: by.evicted })} />
      {values.length > 0 && (
        <>
          <h3>{by.open > values.length ? `Not closed, the first ${values.length} of ${count(by.open)}` : "Not closed"}</h3>
          <PlainTable label="Values whose breaker is not closed" heads={["Value", "State", "Open for another", "Calls", "Failures", "Refused", "Command"]}>
            {values.map((each) => (
              <tr key={each.circuit}>
                <th scope="row">
                  <bdi>{each.shown}</bdi>
                </th>
                <td>
                  <StateMark state={each.state} size={16} />
                </td>
                <td class="num">{each.retry_after === null ? "–" : span(each.retry_after)}</td>
                <td class="num">{count(each.calls)}</td>
                <td class="num">{count(each.failures)}</td>
                <td class="num">{count(each.rejected)}</td>
                <td>
                  <button type="button" aria-label={`Command to ${each.shown}`} onClick={() => (asked.value = { value: each })}>
                    Command…
                  </button>
                </td>
              </tr>
            ))}
          </PlainTable>
        </>
      )}
      {asked.value && (
        <CommandForm name={name} header={by.header} asked={asked.value}
          close={(said) => {
            asked.value = null;
            done.value = said;
          }}
        />
      )}
    </section>
  );
}
