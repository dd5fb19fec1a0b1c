// Services: what each one's policies and connections do, out of GET /status.
import { useMemo } from "preact/hooks";
import type { Policies, Service, Status } from "../api";
import { count, percent, seconds } from "../format";
import { connection, entries, instanceEvents } from "../live/model";
import { Instances } from "../parts/instances";
import { counted, Pairs, Panel, Usage } from "../parts/panel";
import { PolicyPanels } from "../parts/policies";
import { StateMark, Waiting } from "../parts/said";
import { Search } from "../parts/toolbar";
import { commanded, ValueBreakers } from "../parts/value_breakers";
import { VirtualTable, type Column } from "../parts/virtual_table";
import { Shadows } from "../parts/shadows";
import { SplitPanel } from "../parts/split";
import { useAnswer, type Answer } from "../remote";
import { href, param } from "../route";

const every = 3000;
/// If `again` changes, it asks at once.
const useStatus = (again?: unknown) => useAnswer<Status>("status", every, again);

type Named = { name: string } & Service;

const sum = (numbers: Record<string, number>) => Object.values(numbers).reduce((total, each) => total + each, 0);

/// Answered with 5xx, of all that were answered.
const failing = ({ requests }: Service) => {
  const { none = 0, ...answered } = requests;
  const all = sum(answered);
  return all === 0 ? null : (answered["5xx"] ?? 0) / all;
};

const refusals = (service: Service) =>
  (service.bulkhead?.rejected ?? 0) + (service.adaptive_limit?.rejected ?? 0) + (service.admission?.rejected ?? 0) + (service.rate_limiter?.rejected ?? 0);

function BreakerState({ name }: { name: string }) {
  const entry = entries.value.get(name);
  return entry ? <StateMark state={entry.breaker.value.state} /> : <span class="quiet">none</span>;
}

const columns: Column<Named>[] = [
  {
    key: "name",
    title: "Service",
    class: "name",
    cell: ({ name }) => (
      <a href={href("service", name)} title={name}>
        <bdi>{name}</bdi>
      </a>
    ),
  },
  { key: "breaker", title: "Breaker", class: "statecell", cell: ({ name }) => <BreakerState name={name} /> },
  { key: "policy", title: "Policy", class: "wide tags", cell: ({ policy }) => <bdi>{policy}</bdi> },
  { key: "requests", title: "Requests", class: "num", cell: ({ requests }) => count(sum(requests)) },
  { key: "5xx", title: "5xx", class: "num medium", cell: (each) => (failing(each) === null ? "–" : percent(failing(each)!)) },
  {
    key: "mean",
    title: "Mean",
    class: "num medium",
    cell: ({ calls }) => (calls.success.mean === null ? "–" : seconds(calls.success.mean)),
  },
  {
    key: "connections",
    title: "Busy / open",
    class: "num medium",
    cell: ({ connections: { busy, idle } }) => `${count(busy)} / ${count(busy + idle)}`,
  },
  { key: "waiting", title: "Waiting", class: "num wide", cell: ({ connections }) => count(connections.waiting) },
  { key: "retries", title: "Retries", class: "num wide", cell: ({ retry }) => (retry ? count(retry.retries) : "–") },
  { key: "refused", title: "Refused", class: "num wide", cell: (each) => count(refusals(each)) },
];

function None({ answer }: { answer: Answer<Status> }) {
  if (answer.state !== "here") return <Waiting answer={answer} what="the services" absent="Services are not configured in this program." />;
  return (
    <p class="quiet note">
      {answer.data.services ? "The configuration has no services." : "Services are not configured: this program has breakers only."}
    </p>
  );
}

export function ServicesPage() {
  const answer = useStatus();
  const services = answer.state === "here" ? answer.data.services : undefined;
  const wanted = param("q").trim().toLowerCase();
  const all = useMemo(
    () =>
      Object.entries(services ?? {})
        .map(([name, service]) => ({ name, ...service }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    [services],
  );
  const found = all.filter(({ name, policy }) => `${name}\n${policy}`.toLowerCase().includes(wanted));
  return (
    <>
      <h1>Services</h1>
      {all.length === 0 ? (
        <None answer={answer} />
      ) : (
        <>
          <Waiting answer={answer} what="" absent="" />
          {(all.length > 5 || wanted) && (
            <div class="toolbar" role="search" aria-label="Services">
              <Search label="Search by name or policy" />
              <p class="shown num" role="status">
                {found.length === all.length ? `${all.length} services` : `${found.length} of ${all.length}`}
              </p>
            </div>
          )}
          {found.length > 0 ? (
            <VirtualTable label="Services" items={found} columns={columns} keyOf={(each) => each.name} />
          ) : (
            <p class="quiet note">No service matches.</p>
          )}
        </>
      )}
    </>
  );
}

/// A pool is full when as many are busy as it may open, not when all of those that are open are.
function Connections({ of, limit }: { of: Service["connections"]; limit: number | undefined }) {
  const { busy, idle, waiting, fresh_attempts, loops } = of;
  return (
    <>
      {limit !== undefined && <Usage label="busy, of the limit" used={busy} of={limit} />}
      <Pairs of={counted({ ...(limit === undefined && { busy }), idle, waiting, fresh_attempts, loops })} />
    </>
  );
}

/// Connections that were upgraded to another protocol.
function Upgrades({ of: { open, begun, refused, ended } }: { of: NonNullable<Service["upgrades"]> }) {
  const { upgrade_idle = 0, ...others } = ended;
  return (
    <Panel title="Upgrades">
      <Pairs of={counted({ open_streams: open, in_all: begun, refused, idle_timeouts: upgrade_idle })} />
      <h3>Ended otherwise</h3>
      <Pairs of={counted(others)} />
    </Panel>
  );
}

/// Of routes that have a policy of their own, or of a split's candidate.
function RoutePolicy({ policy, of, tried }: { policy: string; of: Policies & { circuit: string | null }; tried: boolean }) {
  return (
    <>
      <h2 class="whole">
        <span>
          {tried ? "Candidate of the split:" : "Routes with the policy"} <bdi>{policy}</bdi>
        </span>
        {of.circuit !== null && entries.value.has(of.circuit) && (
          <a class="go" href={href("breaker", of.circuit)}>
            <BreakerState name={of.circuit} /> breaker
          </a>
        )}
      </h2>
      <PolicyPanels policies={of} of={policy} />
    </>
  );
}

export function ServicePage({ name }: { name: string }) {
  const answer = useStatus(`${instanceEvents.value.get(name) ?? ""} ${commanded.value}`);
  const services = answer.state === "here" ? (answer.data.services ?? {}) : {};
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  const pools = answer.state === "here" ? answer.data.connection_pools : {};
  return (
    <>
      <header class="pagehead">
        <div class="title">
          <h1 title={name}>
            <bdi>{name}</bdi>
          </h1>
          {service && (
            <p class="standing">
              Service with the policy <bdi>{service.policy}</bdi>
            </p>
          )}
        </div>
        {entries.value.has(name) && (
          <a class="go" href={href("breaker", name)}>
            <BreakerState name={name} /> breaker
          </a>
        )}
      </header>
      <Waiting answer={answer} what="the service" absent="Services are not configured in this program." />
      {answer.state === "here" && !service && (
        <>
          <p class="quiet note">The program has no service of that name.</p>
          <p>
            <a href={href("services")}>All services</a>
          </p>
        </>
      )}
      {service && answer.state === "here" && (
        <div class={connection.value === "live" ? "panels" : "panels stale"}>
          <SplitPanel service={name} />
          <Shadows name={name} />
          <Instances name={name} list={service.instances} at={answer.data.at} panic={service.panic} />
          <Panel title="Requests">
            <Pairs of={[...counted(service.requests).map(([key, value]): [string, string] => [key === "none" ? "client left" : key, value]),
                        ["answers broken off", count(service.responses_aborted)]]} />
          </Panel>
          <Panel title="Attempts">
            <Pairs
              of={(["success", "failure"] as const).flatMap((key): [string, string][] => {
                const { count: made, mean } = service.calls[key];
                return [[key === "success" ? "good" : "failed", count(made)], ["their mean", mean === null ? "–" : seconds(mean)]];
              })}
            />
            <h3>Failures</h3>
            <Pairs of={counted(service.failures)} />
          </Panel>
          <Panel title="Connections">
            <Connections of={service.connections} limit={pools[name]?.limit} />
          </Panel>
          {service.upgrades && <Upgrades of={service.upgrades} />}
          <PolicyPanels policies={service} />
          {service.by && <ValueBreakers name={name} by={service.by} />}
          {Object.entries(service.route_policies ?? {}).map(([policy, of]) => (
            <RoutePolicy key={policy} policy={policy} of={of} tried={service.split?.candidate === policy} />
          ))}
        </div>
      )}
    </>
  );
}
