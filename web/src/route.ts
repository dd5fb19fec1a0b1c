// Where the page is, kept in the address after the `#`, so that it can be shared and the browser's back button works:
// `#/breaker/payment?span=6h`. Names are percent-encoded, and may hold anything.
import { computed, signal } from "@preact/signals";

export type Page = "overview" | "breaker" | "services" | "service" | "experiments" | "alerts" | "reports" | "report" | "fleet" | "missing";

export interface Route {
  page: Page;
  name: string;
  query: URLSearchParams;
}

const paths: Record<string, { page: Page; named: boolean }> = {
  "": { page: "overview", named: false },
  breaker: { page: "breaker", named: true },
  services: { page: "services", named: false },
  service: { page: "service", named: true },
  experiments: { page: "experiments", named: false },
  alerts: { page: "alerts", named: false },
  fleet: { page: "fleet", named: false },
  reports: { page: "reports", named: false },
  report: { page: "report", named: true },
};

export function parse(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [word = "", name, ...rest] = path.split("/");
  const query = new URLSearchParams(search);
  const found = Object.hasOwn(paths, word) ? paths[word] : undefined;
  if (!found || rest.length > 0 || found.named !== Boolean(name)) return { page: "missing", name: "", query };
  try {
    return { page: found.page, name: decodeURIComponent(name ?? ""), query };
  } catch {
    return { page: "missing", name: "", query };
  }
}

export function href(page: Page, name = "", query: Record<string, string> = {}): string {
  const word = page === "overview" ? "" : page;
  const search = new URLSearchParams(query).toString();
  return `#/${word}${name ? `/${encodeURIComponent(name)}` : ""}${search && `?${search}`}`;
}

export const route = signal(parse(location.hash));
addEventListener("hashchange", () => (route.value = parse(location.hash)));

/// The place without its query: what changes when the reader goes to another page.
export const place = computed(() => `${route.value.page}/${route.value.name}`);

/// One value of the query; empty when it is not there.
export const param = (key: string) => route.value.query.get(key) ?? "";

/// Changes the query of this page; an empty value is taken out. Typing and sorting leave no entry in the browser's history.
export function setParams(changes: Record<string, string>, history: "replace" | "push" = "replace") {
  const { page, name, query } = route.peek();
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes)) value === "" ? next.delete(key) : next.set(key, value);
  const search = next.toString();
  const hash = `${href(page, name)}${search && `?${search}`}`;
  if (history === "push") window.history.pushState(null, "", hash);
  else window.history.replaceState(null, "", hash);
  route.value = { page, name, query: next };
}
