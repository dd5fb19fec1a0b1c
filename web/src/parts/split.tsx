// Two policies that share the requests of a service: what each did, what the comparison says, and its end.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { ExperimentsDocument, Split } from "../api";
import { post, postForText } from "../commands";
import { bare, count, instant, percent, seconds, span, stateWord } from "../format";
import { under, useAnswer } from "../remote";
import { href } from "../route";
import { Dialog } from "./dialog";
import { PlainTable } from "./plain_table";
import { TimeChart, type Line } from "./time_chart";

/// A difference of two ratios: `+1.2 points`.
const points = (ratio: number) => `${ratio > 0 ? "+" : ratio < 0 ? "−" : ""}${bare(Math.abs(ratio) * 100)} points`;

/// The same where there is little room.
const shortPoints = (ratio: number) => points(ratio).replace(/ points$/, " pp");

const between = ({ low, high }: Split["difference"]) => `between ${points(low)} and ${points(high)}`;

/// What the operator wants to know first.
export function verdictOf(split: Split): { title: string; text: string } {
  const [current, candidate] = split.arms;
  const rates = `${percent(candidate?.bad_ratio ?? 0)} of its requests were bad, ${percent(current?.bad_ratio ?? 0)} of the others.`;
  switch (split.verdict) {
    case "better":
      return { title: "The candidate is better", text: `${rates} The difference is ${between(split.difference)}.` };
    case "worse":
      return { title: "The candidate is worse", text: `${rates} The difference is ${between(split.difference)}.` };
    case "harmful":
      return { title: "The candidate did harm, and was stopped", text: rates };
    case "invalid":
      return { title: "The comparison is void", text: "The values of the header are not divided as they should be. Restart it once the cause is found." };
    case "not_enough_data": {
      const text = split.blocks === 0 ? "Not one block has requests of both policies yet." : `So far the difference is ${between(split.difference)}.`;
      return { title: "Not enough data yet", text };
    }
  }
}

function Need({ split }: { split: Split }) {
  if (split.verdict !== "not_enough_data" || !split.needs || split.stopped) return null;
  const { difference, blocks } = split.needs;
  return (
    <p class="quiet note">
      To find a difference of {bare(difference * 100)} points takes about {count(Math.ceil(blocks))} blocks of {seconds(split.block)},{" "}
      {span(blocks * split.block)}; there are {count(split.blocks)}.
    </p>
  );
}

function LeftOut({ split }: { split: Split }) {
  if (split.left_out === 0) return null;
  return (
    <p class="quiet note">
      {split.left_out === 1 ? "1 request is" : `${count(split.left_out)} requests are`} left out: an operator's command held the breaker of one of the policies.
    </p>
  );
}

function Arms({ split }: { split: Split }) {
  const figures: [string, (arm: Split["arms"][number]) => string][] = [
    ["Requests", (arm) => count(arm.requests)],
    ["Bad", (arm) => `${count(arm.bad)} (${percent(arm.bad_ratio)})`],
    ["Refused of these", (arm) => count(arm.refused)],
    ["Mean time", (arm) => (arm.latency ? seconds(arm.latency.mean) : "–")],
    ["Half within", (arm) => (arm.latency ? seconds(arm.latency.p50) : "–")],
    ["95% within", (arm) => (arm.latency ? seconds(arm.latency.p95) : "–")],
    ["99% within", (arm) => (arm.latency ? seconds(arm.latency.p99) : "–")],
    ["Breaker", (arm) => (arm.breaker ? stateWord[arm.breaker.state] : "none")],
    ["Openings", (arm) => (arm.breaker ? count(arm.breaker.opened) : "–")],
    ["Doubtful, of those judged", (arm) => (arm.breaker?.judged ? `${count(arm.breaker.doubtful)} of ${count(arm.breaker.judged)}` : "–")],
    ["Open after the first bad call", (arm) => (arm.breaker?.time_to_detect == null ? "–" : seconds(arm.breaker.time_to_detect))],
  ];
  const heads = ["Figure", ...split.arms.map(({ arm, policy }) => `${arm === "current" ? "Current" : "Candidate"}: ${policy}`)];
  return (
    <PlainTable label="The two policies" heads={heads}>
      {figures.map(([name, written]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          {split.arms.map((arm) => (
            <td key={arm.arm} class="num">
              {name === "Breaker" && arm.breaker ? <a href={href("breaker", arm.breaker.circuit)}>{written(arm)}</a> : written(arm)}
            </td>
          ))}
        </tr>
      ))}
    </PlainTable>
  );
}

/// The first intervals are so wide that later ones would be a line: what is shown is as wide as those of the second half.
function shown(history: Split["history"]): [number, number] {
  const late = history.slice(Math.floor(history.length / 2));
  const widest = late.reduce((most, { low, high }) => Math.max(most, -low, high), 0.001);
  return [-Math.min(1, widest * 1.25), Math.min(1, widest * 1.25)];
}

function Interval({ history }: { history: Split["history"] }) {
  const times = useMemo(() => history.map(({ at }) => Date.parse(at) / 1000), [history]);
  const lines = useMemo<Line[]>(
    () => [
      { label: "at most", colour: "p50", values: history.map(({ high }) => high) },
      { label: "at least", colour: "p50", values: history.map(({ low }) => low), dash: [4, 3] },
      { label: "no difference", colour: "quiet", values: history.map(() => 0), dash: [2, 3] },
    ],
    [history],
  );
  if (history.length < 2) return null;
  return (
    <TimeChart title="Bad requests of the candidate, less those of the current policy" times={times} from={times[0]!} to={times.at(-1)!}
      lines={lines} stretches={[]} marks={[]} written={shortPoints} range={shown(history)} between="callsFill" />
  );
}

function Stop({ split, close, done }: { split: Split; close: () => void; done: (problem: string | null) => void }) {
  const answer = ({ detail: clicks }: MouseEvent) => {
    if (clicks > 1) return;
    close();
    void post(`experiments/${encodeURIComponent(split.service)}/stop`).then(done);
  };
  return (
    <Dialog onCancel={close} title={<>Stop: <bdi>{split.candidate}</bdi></>}>
      <p>Every request is the current policy's from now on, until the split is restarted here or changed in the policy file.</p>
      <div class="actions">
        <button type="button" data-first onClick={close}>
          Cancel
        </button>
        <button type="button" class="danger sure" onClick={answer}>
          Stop
        </button>
      </div>
    </Dialog>
  );
}

function Patch({ split, text, close }: { split: Split; text: string; close: () => void }) {
  const address = useMemo(() => `data:text/x-diff;charset=utf-8,${encodeURIComponent(text)}`, [text]);
  return (
    <Dialog onCancel={close} title={<>Promote: <bdi>{split.candidate}</bdi></>}>
      <p>This change of the policy file makes it the policy of the service. Nothing is changed until you apply it, with <code>patch</code> or by hand.</p>
      <pre class="patch" tabIndex={0} role="group" aria-label="The change of the policy file">
        {text}
      </pre>
      <div class="actions">
        <a class="go" href={address} download={`promote-${split.service.replace(/[^\w-]/g, "-")}.patch`}>
          Download
        </a>
        <button type="button" class="primary" data-first onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function Commands({ split, again }: { split: Split; again: () => void }) {
  const asked = useSignal(false);
  const patch = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const done = (problem: string | null) => {
    trouble.value = problem;
    again();
  };
  const path = `experiments/${encodeURIComponent(split.service)}`;
  const promote = () =>
    void postForText(`${path}/promote`).then((answer) => {
      trouble.value = "problem" in answer ? answer.problem : null;
      patch.value = "text" in answer ? answer.text : null;
    });
  return (
    <div class="actions">
      <button type="button" onClick={promote}>
        Promote
      </button>
      {split.stopped ? (
        <button type="button" onClick={() => void post(`${path}/restart`).then(done)}>
          Restart
        </button>
      ) : (
        <button type="button" class="danger" onClick={() => (asked.value = true)}>
          Stop
        </button>
      )}
      {trouble.value && <p role="alert">{trouble.value}</p>}
      {asked.value && <Stop split={split} close={() => (asked.value = false)} done={done} />}
      {patch.value !== null && <Patch split={split} text={patch.value} close={() => (patch.value = null)} />}
    </div>
  );
}

export function SplitPanel({ service }: { service: string }) {
  const commanded = useSignal(0);
  const answer = useAnswer<ExperimentsDocument>(under("/experiments", "experiments"), 5_000, commanded.value);
  const split = answer.state === "here" ? answer.data.splits.find((each) => each.service === service) : undefined;
  if (!split) return null;
  const { title, text } = verdictOf(split);
  return (
    <section class="panel split whole" aria-labelledby="split-title">
      <header class="panelhead">
        <h2 id="split-title">Split</h2>
        <Commands split={split} again={() => void commanded.value++} />
      </header>
      <p class={`verdict ${split.verdict}`}>
        <b>{title}.</b> {text}
      </p>
      {split.latency_verdict && <p class="note">Its answers take {split.latency_verdict === "better" ? "less" : "more"} time.</p>}
      {split.stopped && (
        <p class="note">
          {split.stopped.why === "start"
            ? "Waits for the history, which knows whether it was stopped before this start"
            : `Stopped ${split.stopped.why === "harmful" ? "by itself" : "by an operator"} at ${instant(split.stopped.at)}`}
          : the candidate gets no requests.
        </p>
      )}
      <Need split={split} />
      <LeftOut split={split} />
      <p class="quiet note">
        {split.by ? (
          <>
            {percent(split.share)} of the values of <code>{split.by}</code> are the candidate's; there were about {count(split.values ?? 0)}
          </>
        ) : (
          <>The candidate has {percent(split.share)} of the blocks of {seconds(split.block)}</>
        )}
        , since {instant(split.since)}. Bad is what failed or was refused.
      </p>
      <Arms split={split} />
      <Interval history={split.history} />
    </section>
  );
}
