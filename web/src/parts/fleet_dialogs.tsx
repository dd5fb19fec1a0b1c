// Asks back before a circuit is held open, or released, in every process of the fleet.
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { post } from "../commands";
import { Dialog } from "./dialog";

const lengths: [string, string][] = [
  ["1m", "1 minute"],
  ["10m", "10 minutes"],
  ["1h", "1 hour"],
  ["8h", "8 hours"],
  ["24h", "1 day"],
  ["168h", "1 week"],
];

interface Props {
  circuit: string;
  close: () => void;
  /// The server has taken it.
  done: () => void;
}

function Trouble({ text }: { text: string | null }) {
  return text === null ? null : (
    <p class="trouble" role="alert">
      {text}
    </p>
  );
}

export function FleetForceDialog({ circuit, close, done }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const length = String(new FormData(form.current!).get("for"));
    busy.value = true;
    trouble.value = await post(`fleet/${encodeURIComponent(circuit)}/force-open?for=${encodeURIComponent(length)}`);
    busy.value = false;
    if (trouble.value === null) done();
  };
  return (
    <Dialog onCancel={close} title={<>Force open everywhere: <bdi>{circuit}</bdi></>}>
      <form ref={form} onSubmit={(event) => void submit(event)}>
        <p>Every process of the fleet refuses its calls: this one at once, the others within a second. It ends by itself.</p>
        <label>
          For
          <select name="for" data-first>
            {lengths.map(([value, word]) => (
              <option key={value} value={value} selected={value === "10m"}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <Trouble text={trouble.value} />
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="danger sure" disabled={busy.value}>
            Force open
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function FleetReleaseDialog({ circuit, close, done }: Props) {
  const trouble = useSignal<string | null>(null);
  const release = async () => {
    trouble.value = await post(`fleet/${encodeURIComponent(circuit)}/release`);
    if (trouble.value === null) done();
  };
  return (
    <Dialog onCancel={close} title={<>Release everywhere: <bdi>{circuit}</bdi></>}>
      <p>The breakers of all processes close, and go by their own calls and the fleet's votes again.</p>
      <Trouble text={trouble.value} />
      <div class="actions">
        <button type="button" data-first onClick={close}>
          Cancel
        </button>
        <button type="button" class="primary" onClick={() => void release()}>
          Release
        </button>
      </div>
    </Dialog>
  );
}
