// An operator's commands to one breaker, each after asking back with what it will do.
import { useSignal } from "@preact/signals";
import type { Breaker } from "../api";
import { send, type Command } from "../commands";
import { Dialog } from "./dialog";

interface Offer {
  command: Command;
  word: string;
  does: string;
  dangerous?: boolean;
  idle: (breaker: Breaker) => boolean;
}

const offers: Offer[] = [
  {
    command: "reset",
    word: "Reset",
    does: "It closes with an empty window; relapses, modes and what an operator held are forgotten. Its counters stay.",
    idle: () => false,
  },
  {
    command: "force-open",
    word: "Force open",
    does: "Every call is refused, until an operator's next command.",
    dangerous: true,
    idle: ({ state }) => state === "forced_open",
  },
  {
    command: "metrics-only",
    word: "Metrics only",
    does: "It goes on counting and changing its state, but refuses no call, until an operator's next command.",
    idle: ({ mode }) => mode === "metrics_only",
  },
  {
    command: "disable",
    word: "Disable",
    does: "Every call passes and nothing is recorded, until an operator's next command.",
    dangerous: true,
    idle: ({ state }) => state === "disabled",
  },
];

/// A command that would change nothing is `aria-disabled`: a button that is really disabled would lose the focus to nowhere.
export function BreakerCommands({ breaker }: { breaker: Breaker }) {
  const asked = useSignal<Offer | null>(null);
  const trouble = useSignal<string | null>(null);
  const run = async ({ command }: Offer) => {
    asked.value = null;
    trouble.value = await send(breaker.name, command);
  };
  const offer = asked.value;
  return (
    <div class="actions">
      {offers.map((each) => (
        <button key={each.command} type="button" class={each.dangerous ? "danger" : ""} aria-disabled={each.idle(breaker)}
          onClick={() => each.idle(breaker) || (asked.value = each)}>
          {each.word}
        </button>
      ))}
      {trouble.value && <p role="alert">{trouble.value}</p>}
      {offer && (
        <Dialog onCancel={() => (asked.value = null)} title={<>{offer.word}: <bdi>{breaker.name}</bdi></>}>
          <p>{offer.does}</p>
          <div class="actions">
            <button type="button" data-first onClick={() => (asked.value = null)}>
              Cancel
            </button>
            <button type="button" class={offer.dangerous ? "danger sure" : "primary"} onClick={() => void run(offer)}>
              {offer.word}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
