// The style sheet's colours for what is drawn on a canvas.
import { signal } from "@preact/signals";
import type { State } from "../api";

const names = {
  line: "--line", quiet: "--quiet", text: "--text", calls: "--calls", callsFill: "--calls-fill", failures: "--failures",
  rejected: "--rejected", p50: "--p50", p95: "--p95", p99: "--p99", closed: "--closed", open: "--open", half_open: "--half_open",
  forced_open: "--forced_open", disabled: "--disabled",
} as const;

export type Palette = Record<keyof typeof names, string> & Record<State, string>;

/// Counts changes between light and dark; a chart that reads it is drawn again.
export const scheme = signal(0);
let current: Palette | null = null;

for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
  matchMedia(query).addEventListener("change", () => {
    current = null;
    scheme.value++;
  });
}

export function palette(): Palette {
  if (!current) {
    const style = getComputedStyle(document.documentElement);
    const read = Object.entries(names).map(([key, variable]) => [key, style.getPropertyValue(variable).trim()]);
    current = Object.fromEntries(read) as Palette;
  }
  return current;
}
