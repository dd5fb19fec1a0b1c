// Every breaker: cards for few, a table for many.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { percent, rate } from "../format";
import { ascending, listed, sortBy, sortKey, type SortKey } from "../live/listed";
import { connection, entries, type Entry } from "../live/model";
import { CommandDialog, type Question } from "../parts/breaker_commands";
import { Card } from "../parts/card";
import { Feed } from "../parts/feed";
import { Glyph } from "../parts/glyph";
import { Ago, StateMark, Tags } from "../parts/said";
import { Sparkline } from "../parts/sparkline";
import { Meter } from "../parts/stats";
import { hasToolbar, Toolbar, type View } from "../parts/toolbar";
import { VirtualTable, type Column } from "../parts/virtual_table";
import { href, param, setParams } from "../route";

/// More breakers than this are shown as a table, unless the reader chooses.
const cardsUpTo = 24;
/// Cards that are drawn at most: each is a chart.
const mostCards = 48;

function Empty() {
  const live = connection.value === "live";
  return (
    <section class="empty">
      <Glyph state="disabled" size={96} />
      <h2>{live ? "No circuit breakers yet" : "Waiting for the server"}</h2>
      <p>
        {live
          ? "Each service in the configuration that has a circuit breaker appears here by itself."
          : "The breakers appear as soon as the event stream is connected."}
      </p>
    </section>
  );
}

function Cards() {
  const found = listed.value;
  const rest = found.length - mostCards;
  const asked = useSignal<Question | null>(null);
  const ask = (question: Question) => void (asked.value = question);
  return (
    <section class="cards" aria-label="Circuit breakers">
      {found.slice(0, mostCards).map((entry) => (
        <Card key={entry.name} entry={entry} ask={ask} />
      ))}
      {rest > 0 && (
        <p class="rest">
          and {rest} more: search, filter, or{" "}
          <button type="button" class="plain" onClick={() => setParams({ view: "table" })}>
            show the table
          </button>
        </p>
      )}
      {asked.value && <CommandDialog question={asked.value} close={() => (asked.value = null)} />}
    </section>
  );
}

type Described = Omit<Column<Entry>, "sort"> & { sort?: SortKey };

const columns: Described[] = [
  {
    key: "name",
    title: "Breaker",
    sort: "name",
    class: "name",
    cell: (entry) => (
      <a href={href("breaker", entry.name)} title={entry.name}>
        <bdi>{entry.name}</bdi>
      </a>
    ),
  },
  { key: "state", title: "State", sort: "state", class: "statecell", cell: (entry) => <StateMark state={entry.breaker.value.state} /> },
  {
    key: "failure_rate",
    title: "Failure rate",
    sort: "failure_rate",
    class: "num rate",
    cell: ({ breaker }) => (
      <>
        {breaker.value.window.calls === 0 ? "–" : percent(breaker.value.window.failure_rate)}
        <Meter breaker={breaker.value} />
      </>
    ),
  },
  { key: "calls", title: "Calls/s", sort: "calls", class: "num", cell: ({ breaker }) => rate(breaker.value.rates.calls_per_second) },
  {
    key: "failures",
    title: "Failed/s",
    sort: "failures",
    class: "num wide",
    cell: ({ breaker }) => rate(breaker.value.rates.failures_per_second),
  },
  {
    key: "rejected",
    title: "Rejected/s",
    sort: "rejected",
    class: "num medium",
    cell: ({ breaker }) => rate(breaker.value.rates.rejected_per_second),
  },
  { key: "trend", title: "Last minute", class: "medium trend", cell: ({ past }) => <Sparkline past={past} /> },
  { key: "since", title: "Changed", sort: "since", class: "num wide", cell: ({ breaker }) => <Ago at={breaker.value.since} ago /> },
  { key: "tags", title: "Tags", class: "wide tags", cell: ({ breaker }) => <Tags tags={breaker.value.tags} /> },
];

function Table() {
  const key = sortKey.value;
  const up = ascending.value;
  // The same array as long as the order is the same, so that a row is drawn again only by its own breaker.
  const made = useMemo(
    () =>
      columns.map(({ sort, ...column }): Column<Entry> => ({
        ...column,
        ...(sort && { sort: { active: sort === key, ascending: up, by: () => sortBy(sort) } }),
      })),
    [key, up],
  );
  return (
    <VirtualTable label="Circuit breakers" items={listed.value} columns={made} keyOf={keyOf} rowClass={rowClass} />
  );
}

const keyOf = (entry: Entry) => entry.name;
const rowClass = (entry: Entry) => entry.breaker.value.state;

export function Overview() {
  const all = entries.value.size;
  const chosen = param("view");
  const view: View = chosen === "cards" || chosen === "table" ? chosen : all > cardsUpTo ? "table" : "cards";
  // Below a long table it would be out of sight.
  const long = view === "table" && listed.value.length > 15;
  return (
    <>
      <h1 class="hidden">Circuit breakers</h1>
      {all === 0 ? (
        <Empty />
      ) : (
        <>
          {hasToolbar.value && <Toolbar view={view} chosen={chosen !== ""} />}
          {listed.value.length === 0 ? (
            <p class="quiet note">
              No circuit breaker matches.{" "}
              <button type="button" class="plain" onClick={() => setParams({ q: "", state: "", tag: "" })}>
                Show all
              </button>
            </p>
          ) : view === "cards" ? (
            <Cards />
          ) : (
            <>
              {long && <Feed most={3} />}
              <Table />
            </>
          )}
          {!long && <Feed most={8} />}
        </>
      )}
    </>
  );
}
