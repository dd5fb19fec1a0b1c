// A table of any length that draws only the rows in sight. It scrolls with the page; the arrow keys move from row to row.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Column<T> {
  key: string;
  title: string;
  /// `num`: right-aligned; `wide`: only where there is room for it.
  class?: string;
  /// Read while the row is drawn: signals that it reads draw the row again, and no other.
  cell: (item: T) => ComponentChildren;
  sort?: { active: boolean; ascending: boolean; by: () => void };
}

interface Props<T> {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  rowClass?: (item: T) => string;
  columns: readonly Column<T>[];
}

/// As the style sheet has them. The head stays in sight, above the rows that scroll.
const rowHeight = 46;
const headHeight = 40;
/// Drawn above and below what is in sight, and how far one has to scroll before rows are drawn anew.
const spare = 8;
const step = 4;

function Row<T>({ item, index, columns, rowClass }: { item: T; index: number } & Pick<Props<T>, "columns" | "rowClass">) {
  return (
    <tr class={rowClass?.(item)} aria-rowindex={index + 2}>
      {columns.map((column, i) =>
        i === 0 ? (
          <th key={column.key} scope="row" class={column.class}>
            {column.cell(item)}
          </th>
        ) : (
          <td key={column.key} class={column.class}>
            {column.cell(item)}
          </td>
        ),
      )}
    </tr>
  );
}

function Head<T>({ column }: { column: Column<T> }) {
  const { sort, title } = column;
  return (
    <th scope="col" class={column.class} aria-sort={sort?.active ? (sort.ascending ? "ascending" : "descending") : undefined}>
      {sort ? (
        <button type="button" onClick={sort.by}>
          {title}
          <span class="arrow" aria-hidden="true">
            {sort.active ? (sort.ascending ? "↑" : "↓") : ""}
          </span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

/// Of the row that `element` is part of, among all of the table's.
function indexOf(element: Element | null, body: Element | null): number | null {
  const row = element?.closest("tr[aria-rowindex]");
  return row && row.parentElement === body ? Number(row.getAttribute("aria-rowindex")) - 2 : null;
}

/// Scrolls no farther than it takes to see the row, drawn or not.
function bringIntoSight(body: Element, index: number) {
  const top = body.getBoundingClientRect().top + index * rowHeight;
    if (top < headHeight) scrollBy(0, top - headHeight);
  else if (top + rowHeight > innerHeight) scrollBy(0, top + rowHeight - innerHeight);
}

export function VirtualTable<T>({ label, items, keyOf, rowClass, columns }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  /// The row that is to have the focus once it is drawn.
  const wanted = useRef<number | null>(null);
  const [sight, setSight] = useState({ first: 0, count: 40 });

  const look = () => {
    if (!body.current) return;
    const above = -body.current.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(above / rowHeight / step) * step - spare);
    const count = Math.ceil(innerHeight / rowHeight) + 2 * spare + step;
    setSight((last) => (last.first === first && last.count === count ? last : { first, count }));
  };
  useLayoutEffect(() => {
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);

  const linkOf = (index: number) => body.current?.querySelector<HTMLElement>(`tr[aria-rowindex="${index + 2}"] th a`);
  // A row that is put into another place of the page as the table is drawn anew loses the focus, and gets it back.
  const focused = body.current?.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  useLayoutEffect(() => {
    const link = wanted.current === null ? focused : linkOf(wanted.current);
    if (link?.isConnected && link !== document.activeElement) link.focus({ preventScroll: true });
    if (wanted.current !== null && link) bringIntoSight(body.current!, wanted.current);
    if (link) wanted.current = null;
  });

  const first = Math.min(sight.first, Math.max(0, items.length - sight.count));
  const shown = items.slice(first, first + sight.count);
  const below = items.length - first - shown.length;

  const move = (event: KeyboardEvent) => {
    const from = wanted.current ?? indexOf(event.target as Element, body.current);
    if (from === null) return;
    const last = items.length - 1;
    const to = { ArrowDown: Math.min(from + 1, last), ArrowUp: Math.max(from - 1, 0), Home: 0, End: last }[event.key];
    if (to === undefined || to === from) return;
    event.preventDefault();
    if (event.key === "Home") scrollTo(0, 0);
    else if (event.key === "End") scrollTo(0, document.body.scrollHeight);
    else bringIntoSight(body.current!, to);
    const link = linkOf(to);
    if (link) link.focus({ preventScroll: true });
    else wanted.current = to;
    look();
  };

  return (
    <div class="listbox">
      <table class="list" aria-label={label} aria-rowcount={items.length + 1} onKeyDown={move}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {first > 0 && <Spacer key="above" rows={first} />}
          {shown.map((item, i) => (
            <Row key={keyOf(item)} item={item} index={first + i} columns={columns} rowClass={rowClass} />
          ))}
          {below > 0 && <Spacer key="below" rows={below} />}
        </tbody>
      </table>
    </div>
  );
}

/// Stands for rows out of sight. One cell is enough, and more would bring back columns that a narrow screen leaves out. It has
/// its height from the start: without it the page would be shorter for a moment, and be scrolled up.
function Spacer({ rows }: { rows: number }) {
  return (
    <tr class="spacer" aria-hidden="true">
      <td style={{ height: `${rows * rowHeight}px` }} />
    </tr>
  );
}
