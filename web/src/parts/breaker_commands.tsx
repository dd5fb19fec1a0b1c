// An operator's commands to one breaker, each after asking back with what it will do.
import { useSignal } from "@preact/signals";
import type { Breaker } from "../api";
import { send, type Command } from "../commands";
import { Dialog } from "./dialog";

export interface Offer {
  command: Command;
  word: string;
  does: string;
  dangerous?: boolean;
  idle: (breaker: Breaker) => boolean;
}

/// Asked before a command is sent.
export interface Question {
  name: string;
  offer: Offer;
  send: () => void;
}

export const offers: readonly Offer[] = [
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

const usual: readonly Command[] = ["reset", "force-open"];

interface Props {
  breaker: Breaker;
  ask: (question: Question) => void;
  /// On the card of one of many breakers: the usual commands, named together with the breaker.
  onCard?: boolean;
}

/// A command that would change nothing is `aria-disabled`: a button that is really disabled would lose the focus to nowhere.
export function CommandButtons({ breaker, ask, onCard = false }: Props) {
  const { name } = breaker;
  const trouble = useSignal<string | null>(null);
  const question = (offer: Offer): Question => ({
    name,
    offer,
    send: () => void send(name, offer.command).then((problem) => (trouble.value = problem)),
  });
  return (
    <div class="actions">
      {offers
        .filter(({ command }) => !onCard || usual.includes(command))
        .map((each) => (
          <button key={each.command} type="button" class={each.dangerous ? "danger" : ""} aria-disabled={each.idle(breaker)}
            aria-label={onCard ? `${each.word} ${name}` : undefined} onClick={() => each.idle(breaker) || ask(question(each))}>
            {each.word}
          </button>
        ))}
      {trouble.value && <p role="alert">{trouble.value}</p>}
    </div>
  );
}

/// Stands beside what has the buttons: a card that moves to another place in its list would close a dialog inside it.
export function CommandDialog({ question, close }: { question: Question; close: () => void }) {
  const { name, offer } = question;
  // The second click of a double click on the button below must not answer.
  const answer = ({ detail: clicks }: MouseEvent) => {
    if (clicks > 1) return;
    close();
    question.send();
  };
  return (
    <Dialog onCancel={close} title={<>{offer.word}: <bdi>{name}</bdi></>}>
      <p>{offer.does}</p>
      <div class="actions">
        <button type="button" data-first onClick={close}>
          Cancel
        </button>
        <button type="button" class={offer.dangerous ? "danger sure" : "primary"} onClick={answer}>
          {offer.word}
        </button>
      </div>
    </Dialog>
  );
}

export function BreakerCommands({ breaker }: { breaker: Breaker }) {
  const asked = useSignal<Question | null>(null);
  return (
    <>
      <CommandButtons breaker={breaker} ask={(question) => (asked.value = question)} />
      {asked.value && <CommandDialog question={asked.value} close={() => (asked.value = null)} />}
    </>
  );
}
