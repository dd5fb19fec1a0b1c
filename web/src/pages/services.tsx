// Services: what each one's policies and connections do, out of GET /status.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { CacheSeen, Service, Status } from "../api";
import { bytes, count, percent, seconds, words } from "../format";
import { connection, entries, instanceEvents } from "../live/model";
import { Instances } from "../parts/instances";
import { StateMark, Waiting } from "../parts/said";
import { Search } from "../parts/toolbar";
import { VirtualTable, type Column } from "../parts/virtual_table";
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

/// A share of a limit as a bar with its figures.
function Usage({ label, used, of, written = count }: { label: string; used: number; of: number; written?: (value: number) => string }) {
  const share = of > 0 ? Math.min(1, used / of) : 0;
  return (
    <div class="usage">
      <span>{label}</span>
      <b class="num">
        {written(used)} of {written(of)}
      </b>
      <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="6" />
        <rect class={share >= 0.9 ? "fill over" : "fill"} width={share * 100} height="6" />
      </svg>
    </div>
  );
}

function Pairs({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="pairs">
      {of.map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd class="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const counted = (numbers: Record<string, number>): [string, string][] =>
  Object.entries(numbers).map(([key, value]) => [words(key), count(value)]);

function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function CacheUse({ cache }: { cache: CacheSeen }) {
  return (
    <>
      <Usage label="memory" used={cache.bytes} of={cache.max_bytes} written={bytes} />
      {cache.max_entries !== undefined && <Usage label="entries" used={cache.entries} of={cache.max_entries} />}
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

function Policies({ service }: { service: Service }) {
  const { retry, retry_budget, hedge, bulkhead, adaptive_limit, admission, rate_limiter, cache, fallback, queue, chaos } = service;
  return (
    <>
      {retry && (
        <Panel title="Retry">
          <Pairs of={[["retries", count(retry.retries)], ["calls recovered", count(retry.recovered)], ["attempts at most", retry.max_attempts]]} />
          <h3>Given up</h3>
          <Pairs of={counted(retry.given_up)} />
          {retry_budget && (
            <>
              <h3>Budget</h3>
              <Pairs of={counted({ ...retry_budget })} />
            </>
          )}
        </Panel>
      )}
      {bulkhead && (
        <Panel title="Bulkhead">
          <Usage label="in use" used={bulkhead.in_use} of={bulkhead.max_concurrent} />
          {bulkhead.max_queue > 0 && <Usage label="waiting" used={bulkhead.waiting} of={bulkhead.max_queue} />}
          <Pairs of={counted({ admitted: bulkhead.admitted, rejected: bulkhead.rejected, timed_out: bulkhead.timed_out, cancelled: bulkhead.cancelled })} />
        </Panel>
      )}
      {adaptive_limit && (
        <Panel title="Adaptive limit">
          <Usage label="in flight" used={adaptive_limit.in_flight} of={adaptive_limit.limit} />
          <Pairs of={counted({ admitted: adaptive_limit.admitted, rejected: adaptive_limit.rejected })} />
        </Panel>
      )}
      {admission && (
        <Panel title="Admission control">
          <Pairs
            of={[
              ["refused now", percent(admission.rejection_ratio)],
              ...counted({ successes: admission.successes, failures: admission.failures, admitted: admission.admitted, rejected: admission.rejected }),
            ]}
          />
        </Panel>
      )}
      {rate_limiter && (
        <Panel title="Rate limiter">
          <Pairs of={counted({ ...rate_limiter })} />
        </Panel>
      )}
      {hedge && (
        <Panel title="Hedge">
          <Pairs
            of={[
              ["delay", hedge.delay === null ? "not known yet" : seconds(hedge.delay)],
              ...counted({ hedges: hedge.hedges, wins: hedge.wins, refused: hedge.refused }),
            ]}
          />
        </Panel>
      )}
      {cache && (
        <Panel title="Cache">
          <CacheUse cache={cache} />
          <Pairs
            of={[
              ["hit rate", cache.hits + cache.misses === 0 ? "–" : percent(cache.hits / (cache.hits + cache.misses))],
              ...counted({ hits: cache.hits, misses: cache.misses, shared: cache.shared, evicted: cache.evicted, too_large: cache.too_large }),
            ]}
          />
        </Panel>
      )}
      {fallback && (
        <Panel title="Fallback">
          <Pairs of={[["kind", words(fallback.kind)], ...counted({ answered: fallback.answered, failed: fallback.failed })]} />
          {fallback.cache && <CacheUse cache={fallback.cache} />}
        </Panel>
      )}
      {queue && (
        <Panel title="Queue of stored calls">
          <Pairs
            of={[
              ["oldest", queue.oldest === null ? "–" : seconds(queue.oldest)],
              ...counted({ waiting: queue.waiting, stored: queue.stored, refused: queue.refused, replayed: queue.replayed }),
            ]}
          />
        </Panel>
      )}
      {chaos && (
        <Panel title="Chaos">
          <Pairs of={Object.entries(chaos).map(([key, value]) => [words(key), typeof value === "number" ? count(value) : value ? "yes" : "no"])} />
        </Panel>
      )}
    </>
  );
}

export function ServicePage({ name }: { name: string }) {
  const answer = useStatus(instanceEvents.value.get(name));
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
          <Instances name={name} list={service.instances} at={answer.data.at} />
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
          <Policies service={service} />
        </div>
      )}
    </>
  );
}
