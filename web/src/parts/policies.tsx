// What retries, limits, stored answers and so on do: of a service, or of the routes that have a policy of their own.
import type { CacheSeen, Policies } from "../api";
import { bytes, count, percent, seconds, words } from "../format";
import { counted, Pairs, Panel, Usage } from "./panel";

function CacheUse({ cache }: { cache: CacheSeen }) {
  return (
    <>
      <Usage label="memory" used={cache.bytes} of={cache.max_bytes} written={bytes} />
      {cache.max_entries !== undefined && <Usage label="entries" used={cache.entries} of={cache.max_entries} />}
    </>
  );
}

/// `of`: the name of the policy, if it is that of routes.
export function PolicyPanels({ policies, of }: { policies: Policies; of?: string }) {
  const { retry, retry_budget, hedge, bulkhead, adaptive_limit, admission, rate_limiter, cache, fallback, queue, chaos } = policies;
  return (
    <>
      {retry && (
        <Panel title="Retry" of={of}>
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
        <Panel title="Bulkhead" of={of}>
          <Usage label="in use" used={bulkhead.in_use} of={bulkhead.max_concurrent} />
          {bulkhead.max_queue > 0 && <Usage label="waiting" used={bulkhead.waiting} of={bulkhead.max_queue} />}
          <Pairs of={counted({ admitted: bulkhead.admitted, rejected: bulkhead.rejected, timed_out: bulkhead.timed_out, cancelled: bulkhead.cancelled })} />
        </Panel>
      )}
      {adaptive_limit && (
        <Panel title="Adaptive limit" of={of}>
          <Usage label="in flight" used={adaptive_limit.in_flight} of={adaptive_limit.limit} />
          <Pairs of={counted({ admitted: adaptive_limit.admitted, rejected: adaptive_limit.rejected })} />
        </Panel>
      )}
      {admission && (
        <Panel title="Admission control" of={of}>
          <Pairs
            of={[
              ["refused now", percent(admission.rejection_ratio)],
              ...counted({ successes: admission.successes, failures: admission.failures, admitted: admission.admitted, rejected: admission.rejected }),
            ]}
          />
        </Panel>
      )}
      {rate_limiter && (
        <Panel title="Rate limiter" of={of}>
          <Pairs of={counted({ ...rate_limiter })} />
        </Panel>
      )}
      {hedge && (
        <Panel title="Hedge" of={of}>
          <Pairs
            of={[
              ["delay", hedge.delay === null ? "not known yet" : seconds(hedge.delay)],
              ...counted({ hedges: hedge.hedges, wins: hedge.wins, refused: hedge.refused }),
            ]}
          />
        </Panel>
      )}
      {cache && (
        <Panel title="Cache" of={of}>
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
        <Panel title="Fallback" of={of}>
          <Pairs of={[["kind", words(fallback.kind)], ...counted({ answered: fallback.answered, failed: fallback.failed })]} />
          {fallback.bytes !== undefined && <CacheUse cache={fallback as CacheSeen} />}
        </Panel>
      )}
      {queue && (
        <Panel title="Queue of stored calls" of={of}>
          <Pairs
            of={[
              ["oldest", queue.oldest === null ? "–" : seconds(queue.oldest)],
              ...counted({ waiting: queue.waiting, stored: queue.stored, refused: queue.refused, replayed: queue.replayed }),
            ]}
          />
        </Panel>
      )}
      {chaos && (
        <Panel title="Chaos" of={of}>
          <Pairs of={Object.entries(chaos).map(([key, value]) => [words(key), typeof value === "number" ? count(value) : value ? "yes" : "no"])} />
        </Panel>
      )}
    </>
  );
}
