// The instances of a service: which of them get calls, why the others do not, and what happened to them lately.
import type { HistoryDocument, Instance, InstanceChange } from "../api";
import { count, instant, span, words } from "../format";
import { second, serverNow } from "../live/clock";
import { instanceEvents } from "../live/model";
import { under, useAnswer } from "../remote";
import { PlainTable } from "./plain_table";
import { Ago } from "./said";

const mostChanges = 20;

/// Counts down from the answer, which came at `at`.
function Left({ ejected, at }: { ejected: NonNullable<Instance["ejected"]>; at: string }) {
  second.value;
  return <>{span(ejected.for - (serverNow() - Date.parse(at)) / 1000)}</>;
}

function Standing({ of, at, panic }: { of: Instance; at: string; panic: boolean }) {
  if (of.usable)
    return (
      <span class="nowrap">
        <span class="dot closed" aria-hidden="true" /> Usable
      </span>
    );
  return (
    <>
      <span class="nowrap">
        <span class="dot open" aria-hidden="true" /> <b>{panic ? "Used all the same" : "Left out"}</b>
        {of.ejected && !panic && (
          <>
            {" for another "}
            <span class="num">
              <Left ejected={of.ejected} at={at} />
            </span>
          </>
        )}
      </span>
      <small class="evidence">{of.why}</small>
    </>
  );
}

function Changes({ name }: { name: string }) {
  const answer = useAnswer<HistoryDocument>(
    under("/history", `history?name=${encodeURIComponent(name)}&from=-24h&step=1h`),
    30_000,
    instanceEvents.value.get(name),
  );
  const list = answer.state === "here" ? answer.data.instances.slice(-mostChanges).reverse() : [];
  if (list.length === 0) return null;
  return (
    <>
      <h3>Latest events of 24 hours</h3>
      <PlainTable label="Events of instances" heads={["When", "Event", "What happened"]}>
        {list.map((each: InstanceChange, i) => (
          <tr key={`${each.at} ${list.length - i}`}>
            <td class="num">
              {instant(each.at)}
              <small>
                <Ago at={each.at} ago />
              </small>
            </td>
            <td class={["ejected", "panic_began", "fleet_open"].includes(each.what) ? "nowrap trouble" : "nowrap"}>{words(each.what)}</td>
            <td>
              <bdi>{each.text}</bdi>
            </td>
          </tr>
        ))}
      </PlainTable>
    </>
  );
}

/// `at`: when the server said so.
export function Instances({ name, list, at, panic }: { name: string; list: readonly Instance[]; at: string; panic: boolean }) {
  return (
    <section class="panel whole" aria-labelledby="instances-title">
      <h2 id="instances-title">Instances</h2>
      {panic && (
        <p class="note trouble" role="status">
          Too few instances are usable: calls go to all of them.
        </p>
      )}
      <PlainTable label="Instances" heads={["Instance", "Standing", "Calls", "Failures", "In flight", "Ejections"]}>
        {list.map((each) => (
          <tr key={each.name}>
            <th scope="row">
              <bdi>{each.name}</bdi>
            </th>
            <td>
              <Standing of={each} at={at} panic={panic} />
            </td>
            <td class="num">{count(each.calls)}</td>
            <td class="num">{count(each.failures)}</td>
            <td class="num">{count(each.in_flight)}</td>
            <td class="num">{count(each.ejections)}</td>
          </tr>
        ))}
      </PlainTable>
      <Changes name={name} />
    </section>
  );
}
