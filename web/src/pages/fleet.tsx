// The fleet: what the processes that share their breakers tell each other through Redis, and what operators have told them all.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { FleetCircuit, FleetDocument, FleetVoter } from "../api";
import { count, seconds, span } from "../format";
import { second, serverNow } from "../live/clock";
import { connection, entries } from "../live/model";
import { FleetForceDialog, FleetReleaseDialog } from "../parts/fleet_dialogs";
import { Pairs, Panel } from "../parts/panel";
import { PlainTable } from "../parts/plain_table";
import { StateMark, Waiting } from "../parts/said";
import { Search } from "../parts/toolbar";
import { under, useAnswer } from "../remote";
import { href, param } from "../route";

const every = 2000;
/// Drawn at most; search finds the rest.
const most = 50;
const mostVoters = 100;

/// When an answer came, by the server's clock.
interface Seen {
  member: string;
  at: number;
}

/// Counts down from the answer.
function Left({ of, at }: { of: number; at: number }) {
  second.value;
  return <span class="num">{span(of - (serverNow() - at) / 1000)}</span>;
}

const failing = ({ calls, failures }: { calls: number; failures: number }) =>
  calls === 0 ? "no calls" : `${count(failures)} of ${count(calls)} calls failed`;

const says: Record<FleetVoter["vote"], string> = { down: "It is down", works: "It works", abstains: "Nothing" };

/// Worst first: what somebody has to look at.
const urgency = (each: FleetCircuit) =>
  each.forced_open ? 0 : each.trouble ? 1 : each.state === "open" ? 2 : each.votes_down > 0 ? 3 : each.fresh ? 5 : 4;

const stateOf = (each: FleetCircuit) =>
  each.forced_open ? "forced_open" : each.state === "closed" ? "closed" : each.probes || each.open_for === 0 ? "half_open" : "open";

/// The same rule as the processes': less than half the failure rate at which the breaker would open.
function calmBy(circuit: string, { calls, failures }: FleetVoter): boolean {
  const rate = entries.value.get(circuit)?.breaker.value.policy.failure_rate ?? 0.5;
  return calls > 0 && failures / calls < rate / 2;
}

function Remark({ of, voter, own }: { of: FleetCircuit; voter: FleetVoter; own: boolean }) {
  if (of.probes === voter.member) return <b>Probes for all</b>;
  if (of.forced_open) return <span class="quiet">Refuses: it is held open</span>;
  if (of.state === "closed") return <span class="quiet">–</span>;
  if (own ? of.own.dissents : voter.vote === "works" && calmBy(of.circuit, voter)) {
    return (
      <>
        <b>Dissents:</b> goes on calling, because its own calls succeed
      </>
    );
  }
  if (voter.vote === "works") return <>Refuses with the others: too many of its calls fail to dissent</>;
  return <span class="quiet">{voter.vote === "down" ? "Its own breaker has opened" : "Refuses with the others"}</span>;
}

const order: FleetVoter["vote"][] = ["down", "works", "abstains"];

function Voters({ of, seen }: { of: FleetCircuit; seen: Seen }) {
  if (of.voters.length === 0)
    return <p class="quiet note">{of.fresh ? "No process has said anything within the last seconds." : "Their votes are not known now."}</p>;
  const list = [...of.voters].sort((a, b) => order.indexOf(a.vote) - order.indexOf(b.vote) || (a.member < b.member ? -1 : 1));
  return (
    <>
      <PlainTable label={`Votes on ${of.circuit}`} heads={["Process", "Says", "Its own calls", "Vote expires in", "What it does"]}>
        {list.slice(0, mostVoters).map((voter) => (
          <tr key={voter.member}>
            <th scope="row">
              <bdi>{voter.member}</bdi>
              {voter.member === seen.member && <small>this process</small>}
            </th>
            <td class="nowrap">
              <span class={`dot ${{ down: "open", works: "closed", abstains: "disabled" }[voter.vote]}`} aria-hidden="true" /> {says[voter.vote]}
            </td>
            <td class="num">{failing(voter)}</td>
            <td>
              <Left of={voter.expires_in} at={seen.at} />
            </td>
            <td>
              <Remark of={of} voter={voter} own={voter.member === seen.member} />
            </td>
          </tr>
        ))}
      </PlainTable>
      {list.length > mostVoters && <p class="quiet note">and {count(list.length - mostVoters)} more</p>}
    </>
  );
}

/// One sentence: why the fleet refuses calls, or does not.
function Standing({ of, seen }: { of: FleetCircuit; seen: Seen }) {
  if (of.forced_open) {
    return (
      <>
        Held open everywhere by <bdi>{of.forced_open.by || "an operator"}</bdi> for another <Left of={of.forced_open.for} at={seen.at} />
        {!of.forced_open.told_redis && <b>; Redis has not taken the command yet, so the others may not know</b>}
      </>
    );
  }
  if (!of.fresh) return <>What Redis said last is too old to count: each process decides alone</>;
  const votes = `${count(of.votes_down)} of ${count(of.electorate)} with evidence find it down`;
  if (of.state === "closed") return <>{of.electorate === 0 ? "No process has evidence" : votes}</>;
  return (
    <>
      {votes}.{" "}
      {of.probes ? (
        <>
          <bdi>{of.probes === seen.member ? "This process" : of.probes}</bdi> probes
        </>
      ) : of.open_for > 0 ? (
        <>
          Open for another <Left of={of.open_for} at={seen.at} />
        </>
      ) : (
        <>A process with calls to make is to probe</>
      )}
    </>
  );
}

function Circuit({ of, seen, ask }: { of: FleetCircuit; seen: Seen; ask: (question: Question) => void }) {
  const title = `fleet-${of.circuit}`;
  return (
    <section class="panel" aria-labelledby={title}>
      <header class="panelhead">
        <h2 id={title} class="evidence">
          <a href={href("breaker", of.circuit)}>
            <bdi>{of.circuit}</bdi>
          </a>
        </h2>
        <StateMark state={stateOf(of)} />
        <div class="actions">
          {of.forced_open && (
            <button type="button" aria-label={`Release ${of.circuit} everywhere`} onClick={() => ask({ circuit: of.circuit, what: "release" })}>
              Release
            </button>
          )}
          <button type="button" class="danger" aria-label={`Force open ${of.circuit} everywhere`}
            onClick={() => ask({ circuit: of.circuit, what: "force" })}>
            Force open
          </button>
        </div>
      </header>
      <p>
        <Standing of={of} seen={seen} />
      </p>
      {of.trouble && (
        <p class="trouble" role="alert">
          <bdi>{of.trouble}</bdi>
        </p>
      )}
      <p class="quiet num">
        Epoch {count(of.epoch)}
        {of.cause && (
          <>
            {" ("}
            <bdi>{of.cause}</bdi>)
          </>
        )}
        {of.relapses > 0 && `; ${count(of.relapses)} relapses`}
        {of.repairs > 0 && `; ${count(of.repairs)} values repaired`}
      </p>
      <Voters of={of} seen={seen} />
    </section>
  );
}

interface Question {
  circuit: string;
  what: "force" | "release";
}

function Overall({ of }: { of: FleetDocument }) {
  const refuses = of.circuits.filter(({ state, fresh, forced_open: forced }) => forced || (fresh && state === "open")).length;
  const dissents = of.circuits.filter(({ state, own }) => state === "open" && own.dissents).length;
  const pairs: [string, ComponentChildren][] = [
    ["processes", count(of.members)],
    ["circuits refused by the fleet", `${count(refuses)} of ${count(of.circuits.length)}`],
    ["of these this process dissents from", count(dissents)],
    ["namespace", <bdi>{of.namespace}</bdi>],
    ["this process", <bdi>{of.member}</bdi>],
    ["a report to Redis takes", seconds(of.report_takes)],
  ];
  return (
    <Panel title="This process and Redis">
      <p role="status" class={of.connected ? "" : "trouble"}>
        <span class={`dot ${of.connected ? "closed" : "open"}`} aria-hidden="true" />{" "}
        {of.connected ? "Connected to Redis" : "Not connected to Redis: after a few seconds each process decides alone"}
      </p>
      {of.trouble && (
        <p class="trouble">
          <bdi>{of.trouble}</bdi>
        </p>
      )}
      <Pairs of={pairs} />
    </Panel>
  );
}

function Shown({ of, at, done }: { of: FleetDocument; at: number; done: () => void }) {
  const asked = useSignal<Question | null>(null);
  const wanted = param("q").trim().toLowerCase();
  const found = of.circuits
    .filter(({ circuit }) => circuit.toLowerCase().includes(wanted))
    .sort((a, b) => urgency(a) - urgency(b) || (a.circuit < b.circuit ? -1 : 1));
  const close = () => (asked.value = null);
  const answered = () => {
    close();
    done();
  };
  return (
    <>
      <Overall of={of} />
      {(of.circuits.length > 5 || wanted) && (
        <div class="toolbar" role="search" aria-label="Circuits">
          <Search label="Search by name" />
          <p class="shown num" role="status">
            {found.length === of.circuits.length ? `${found.length} circuits` : `${found.length} of ${of.circuits.length}`}
          </p>
        </div>
      )}
      {found.length === 0 && <p class="quiet note">{wanted ? "No circuit matches." : "No circuit is shared yet."}</p>}
      {found.slice(0, most).map((each) => (
        <Circuit key={each.circuit} of={each} seen={{ member: of.member, at }} ask={(question) => (asked.value = question)} />
      ))}
      {found.length > most && <p class="quiet note">and {count(found.length - most)} more; search to see them</p>}
      {asked.value?.what === "force" && <FleetForceDialog circuit={asked.value.circuit} close={close} done={answered} />}
      {asked.value?.what === "release" && <FleetReleaseDialog circuit={asked.value.circuit} close={close} done={answered} />}
    </>
  );
}

export function FleetPage() {
  const told = useSignal(0);
  const answer = useAnswer<FleetDocument>(under("/fleet", "fleet"), every, told.value);
  const last = useRef<{ data: FleetDocument | null; at: number }>({ data: null, at: 0 });
  if (answer.state === "here" && last.current.data !== answer.data) last.current = { data: answer.data, at: serverNow() };
  return (
    <>
      <h1>Fleet</h1>
      <Waiting answer={answer} what="the fleet" absent="This program is not in a fleet: its configuration does not have the key fleet." />
      {answer.state === "here" && (
        <div class={connection.value === "live" ? "fleet" : "fleet stale"}>
          <Shown of={answer.data} at={last.current.at} done={() => told.value++} />
        </div>
      )}
    </>
  );
}
