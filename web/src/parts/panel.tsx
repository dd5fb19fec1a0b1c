// A panel of figures on a page: shares of a limit, names and numbers.
import type { ComponentChildren } from "preact";
import { count, words } from "../format";

/// A share of a limit as a bar with its figures.
export function Usage({ label, used, of, written = count }: { label: string; used: number; of: number; written?: (value: number) => string }) {
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

export function Pairs({ of }: { of: [string, ComponentChildren][] }) {
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

export const counted = (numbers: Record<string, number>): [string, string][] =>
  Object.entries(numbers).map(([key, value]) => [words(key), count(value)]);

/// `of`: named together with the title for those who do not see where the panel stands.
export function Panel({ title, of, children }: { title: string; of?: string | undefined; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={of === undefined ? title : `${title} of ${of}`}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
