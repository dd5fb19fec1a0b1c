// The alerts, which channels were told of them, the silences, and the channels.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Alert, AlertsDocument, Channel, Silence } from "../api";
import { post } from "../commands";
import { count } from "../format";
import { alerts, byUrgency, done } from "../live/alerts";
import { PlainTable } from "../parts/plain_table";
import { Ago, StateMark, Until, Waiting } from "../parts/said";
import { SilenceDialog, type Silenced } from "../parts/silence_dialog";
import { Search } from "../parts/toolbar";
import { href, param } from "../route";

/// Drawn at most; search finds the rest.
const most = 100;

/// A runbook's address may hold anything: only one of the web is made a link.
function Runbook({ at }: { at: string }) {
  return /^https?:\/\//i.test(at) ? (
    <a href={at} rel="noreferrer" target="_blank">
      Runbook
    </a>
  ) : (
    <code>{at}</code>
  );
}

/// Separated, and nothing for those that are not there.
function joined(parts: ComponentChildren[], separator: string): ComponentChildren[] {
  return parts.filter(Boolean).flatMap((each, i) => (i > 0 ? [separator, each] : [each]));
}

function Told({ alert }: { alert: Alert }) {
  const all = Object.entries(alert.told);
  if (all.length === 0) return <>told to no channel</>;
  const named = ([channel, { repeats }]: (typeof all)[number], again: boolean) => (
    <span key={channel}>
      <bdi>{channel}</bdi>
      {again && repeats > 0 && ` (${repeats + 1}×)`}
    </span>
  );
  const end = all.filter(([, { resolved }]) => resolved);
  return (
    <>
      told to {joined(all.map((each) => named(each, true)), ", ")}
      {end.length > 0 && <>; its end told to {joined(end.map((each) => named(each, false)), ", ")}</>}
    </>
  );
}

/// How long it has been in its state.
function Standing({ alert: { state, since, fired_at, resolved_at } }: { alert: Alert }) {
  if (state === "resolved" && resolved_at) {
    return (
      <>
        resolved <Ago at={resolved_at} ago />
      </>
    );
  }
  const begun = state === "firing" ? (fired_at ?? since) : since;
  return (
    <>
      {state}
      {begun && (
        <>
          {" for "}
          <Ago at={begun} />
        </>
      )}
    </>
  );
}

/// The silence or the alert of that id.
function Muted({ by }: { by: string }) {
  const known = alerts.value.state === "here" ? alerts.value.data : null;
  const silence = known?.silences.find(({ id }) => id === by);
  const cause = silence ?? known?.alerts.find(({ id }) => id === by);
  if (!cause) return <>muted by {by}</>;
  return (
    <>
      muted by the {silence ? "silence" : "alert"} {cause.rule === "*" ? "of every rule" : <bdi>{cause.rule}</bdi>} of{" "}
      {cause.circuit === "*" ? "every circuit" : <bdi>{cause.circuit}</bdi>}
    </>
  );
}

/// A message usually contains its evidence; then it is not said twice.
function Remarks({ alert }: { alert: Alert }) {
  const { message, evidence, acknowledged, muted_by: muted, runbook } = alert;
  const parts = joined(
    [
      message && !message.includes(evidence.text) && evidence.text,
      alert.state !== "pending" && <Told alert={alert} />,
      acknowledged && (
        <>
          acknowledged by <bdi>{acknowledged.by}</bdi> <Ago at={acknowledged.at} ago />
        </>
      ),
      muted && <Muted by={muted} />,
      runbook && <Runbook at={runbook} />,
    ],
    "; ",
  );
  return parts.length > 0 ? <p class="quiet">{parts}</p> : null;
}

function One({ alert, silence }: { alert: Alert; silence: (of: Silenced) => void }) {
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const acknowledge = async () => {
    busy.value = true;
    trouble.value = await post(`alerts/${encodeURIComponent(alert.id)}/acknowledge`);
    busy.value = false;
    done.value++;
  };
  const about = `${alert.rule} of ${alert.circuit}`;
  return (
    <li class={`alert ${alert.state} ${alert.severity} ${alert.muted_by ? "silenced" : ""}`} aria-label={`${about}: ${alert.state}`}>
      <div class="what">
        <p class="head">
          <span class="severity">{alert.severity}</span>
          <b>
            <bdi>{alert.rule}</bdi>
          </b>
          <a href={href("breaker", alert.circuit)} title={alert.circuit}>
            <bdi>{alert.circuit}</bdi>
          </a>
          <span class="quiet num">
            <Standing alert={alert} />
          </span>
        </p>
        <p class="message">{alert.message || alert.evidence.text}</p>
        <Remarks alert={alert} />
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
      </div>
      {alert.state !== "resolved" && (
        <div class="actions">
          {alert.state === "firing" && !alert.acknowledged && (
            <button type="button" disabled={busy.value} aria-label={`Acknowledge ${about}`} onClick={() => void acknowledge()}>
              Acknowledge
            </button>
          )}
          <button type="button" aria-label={`Silence ${about}`} onClick={() => silence({ circuit: alert.circuit, rule: alert.rule })}>
            Silence
          </button>
        </div>
      )}
    </li>
  );
}

function Group({ title, list, empty, silence }: { title: string; list: Alert[]; empty?: ComponentChildren; silence: (of: Silenced) => void }) {
  if (list.length === 0 && !empty) return null;
  const id = `alerts-${title.toLowerCase()}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>
        {title} {list.length > 0 && <span class="quiet num">{list.length}</span>}
      </h2>
      {list.length === 0 ? (
        <p class="quiet note">{empty}</p>
      ) : (
        <ul class="alerts">
          {list.slice(0, most).map((each) => (
            <One key={each.id} alert={each} silence={silence} />
          ))}
        </ul>
      )}
      {list.length > most && <p class="quiet note">and {list.length - most} more; search to see them</p>}
    </section>
  );
}

function Silences({ list, add }: { list: Silence[]; add: () => void }) {
  const trouble = useSignal<string | null>(null);
  const end = async (id: string) => {
    trouble.value = await post(`silences/${encodeURIComponent(id)}/end`);
    done.value++;
  };
  return (
    <section class="panel" aria-labelledby="silences-title">
      <header class="panelhead">
        <h2 id="silences-title">Silences</h2>
        <button type="button" onClick={add}>
          New silence
        </button>
      </header>
      {list.length === 0 && <p class="quiet note">Every alert is told to the channels of its rule.</p>}
      {list.length > 0 && (
        <PlainTable label="Silences" heads={["Circuit", "Rule", "Until", "Why", "By", "End it"]}>
          {list.map((each) => (
            <tr key={each.id}>
              <td>
                <bdi>{each.circuit}</bdi>
              </td>
              <td>
                <bdi>{each.rule}</bdi>
              </td>
              <td class="num">
                <Until at={each.until} />
              </td>
              <td>
                <bdi>{each.why || "–"}</bdi>
              </td>
              <td>{each.by ? <bdi>{each.by}</bdi> : "the configuration"}</td>
              <td>
                {each.by && (
                  <button type="button" aria-label={`End the silence of ${each.circuit}`} onClick={() => void end(each.id)}>
                    End
                  </button>
                )}
              </td>
            </tr>
          ))}
        </PlainTable>
      )}
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
    </section>
  );
}

function Channels({ list }: { list: Channel[] }) {
  return (
    <section class="panel" aria-labelledby="channels-title">
      <h2 id="channels-title">Channels</h2>
      {list.length === 0 ? (
        <p class="quiet note">None is configured: alerts are shown here only.</p>
      ) : (
        <PlainTable label="Channels" heads={["Channel", "Kind", "Breaker", "Waiting", "Delivered", "Failed", "Dropped", "Last problem"]}>
          {list.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                <bdi>{each.name}</bdi>
              </th>
              <td>{each.kind}</td>
              <td>
                <StateMark state={each.breaker} />
              </td>
              <td class="num">{count(each.waiting)}</td>
              <td class="num">{count(each.delivered)}</td>
              <td class="num">{count(each.failed + each.refused)}</td>
              <td class="num">{count(each.dropped)}</td>
              <td class={each.problem ? "trouble" : ""}>{each.problem ?? "–"}</td>
            </tr>
          ))}
        </PlainTable>
      )}
    </section>
  );
}

function Shown({ of }: { of: AlertsDocument }) {
  const silenced = useSignal<Silenced | null>(null);
  const wanted = param("q").trim().toLowerCase();
  const fits = (alert: Alert) => `${alert.rule}\n${alert.circuit}\n${alert.severity}\n${alert.message}`.toLowerCase().includes(wanted);
  const found = of.alerts.filter(fits).sort(byUrgency);
  const inState = (state: Alert["state"]) => found.filter((each) => each.state === state);
  const silence = (of: Silenced) => (silenced.value = of);
  return (
    <>
      {(of.alerts.length > 5 || wanted) && (
        <div class="toolbar" role="search" aria-label="Alerts">
          <Search label="Search by circuit, rule or text" />
          <p class="shown num" role="status">
            {found.length === of.alerts.length ? `${found.length} alerts` : `${found.length} of ${of.alerts.length}`}
          </p>
        </div>
      )}
      <Group title="Firing" list={inState("firing")} silence={silence}
        empty={wanted ? "None that fits." : `All is well: none of ${of.rules.length} rules holds.`} />
      <Group title="Pending" list={inState("pending")} silence={silence} />
      <Group title="Resolved" list={inState("resolved")} silence={silence} />
      <Silences list={of.silences} add={() => silence({ circuit: "*", rule: "*" })} />
      <Channels list={of.channels} />
      {silenced.value && <SilenceDialog of={silenced.value} close={() => (silenced.value = null)} />}
    </>
  );
}

export function AlertsPage() {
  const answer = alerts.value;
  return (
    <>
      <h1>Alerts</h1>
      <Waiting answer={answer} what="the alerts" absent="Alerts are not configured in this program." />
      {answer.state === "here" && <Shown of={answer.data} />}
    </>
  );
}
