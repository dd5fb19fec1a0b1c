// Above a list: search, and what narrows it down.
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { states } from "../api";
import { stateWord } from "../format";
import { listed, sortBy, sortKey, sortWord, toggleState, wantedStates, type SortKey } from "../live/listed";
import { counts, entries, tags } from "../live/model";
import { param, setParams } from "../route";
import { Glyph } from "./glyph";

/// `/` goes to the search from anywhere on the page, Escape empties it.
export function Search({ label }: { label: string }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const toSearch = (event: KeyboardEvent) => {
      const inField = (event.target as HTMLElement).closest("input, select, textarea, dialog");
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || inField) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", toSearch);
    return () => removeEventListener("keydown", toSearch);
  }, []);
  const type = (text: string) => setParams({ q: text });
  return (
    <input ref={field} type="search" class="search" placeholder={`${label}  ( / )`} aria-label={label} aria-keyshortcuts="/"
      autocomplete="off" spellcheck={false} value={param("q")} onInput={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Escape" && type("")} />
  );
}

/// Fewer breakers than this need neither search nor filter.
const toolbarFrom = 6;

/// Whether the overview has a toolbar, with the breakers of each state on it.
export const hasToolbar = computed(
  () => entries.value.size >= toolbarFrom || ["q", "state", "tag", "view"].some((key) => param(key) !== ""),
);

export type View = "cards" | "table";

export function Toolbar({ view, chosen }: { view: View; chosen: boolean }) {
  const seen = counts.value;
  const wanted = wantedStates.value;
  const all = tags.value;
  const tag = param("tag");
  return (
    <div class="toolbar" role="search" aria-label="Circuit breakers">
      <Search label="Search by name" />
      <div class="chips" role="group" aria-label="Filter by state">
        {states.map((state) =>
          seen[state] > 0 || wanted.has(state) ? (
            <button key={state} type="button" class={`chip ${state}`} aria-pressed={wanted.has(state)} onClick={() => toggleState(state)}>
              <Glyph state={state} size={20} />
              {stateWord[state]} <span class="num">{seen[state]}</span>
            </button>
          ) : null,
        )}
      </div>
      {(all.length > 1 || tag) && (
        <select aria-label="Filter by tag" value={tag} onChange={(event) => setParams({ tag: event.currentTarget.value })}>
          <option value="">any tag</option>
          {(tag && !all.includes(tag) ? [tag, ...all] : all).map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      )}
      <select aria-label="Sort by" value={sortKey.value} onChange={(event) => sortBy(event.currentTarget.value as SortKey, false)}>
        {Object.entries(sortWord).map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
      <div class="switch" role="group" aria-label="View">
        {(["cards", "table"] as const).map((each) => (
          <button key={each} type="button" aria-pressed={view === each}
            onClick={() => setParams({ view: chosen && view === each ? "" : each })}>
            {each === "cards" ? "Cards" : "Table"}
          </button>
        ))}
      </div>
      <p class="shown num" role="status">
        {listed.value.length === entries.value.size ? `${entries.value.size} breakers` : `${listed.value.length} of ${entries.value.size}`}
      </p>
    </div>
  );
}
