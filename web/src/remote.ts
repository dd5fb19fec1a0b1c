// Asking the server for what the event stream does not bring, again and again while it is looked at.
import { useEffect, useState } from "preact/hooks";
import { connection, losses, resources } from "./live/model";

export type Answer<T> =
  | { state: "asking" }
  /// `failed`: why the last attempt to ask again failed; `data` is then older than it should be.
  | { state: "here"; data: T; failed: string | null }
  /// This program does not have it.
  | { state: "absent" }
  | { state: "failed"; detail: string };

export interface Problem {
  detail?: string;
  circuit?: string;
}

async function ask<T>(url: string, signal: AbortSignal): Promise<Answer<T>> {
  const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store", signal });
  if (response.ok) return { state: "here", data: (await response.json()) as T, failed: null };
  const problem = (await response.json().catch(() => ({}))) as Problem;
  if (response.status === 501) return { state: "absent" };
  return { state: "failed", detail: problem.detail ?? `The server answered ${response.status}.` };
}

/// Whether the program has what is under a path: the snapshot says which paths it adds to the admin server's own.
export function has(path: string): boolean {
  for (const each of resources.value ?? []) {
    if (each === path || each.startsWith(`${path}/`)) return true;
  }
  return false;
}

/// What useAnswer is to ask for: `url` if the program has what is under `path`, null if it does not, undefined before that is known.
export const under = (path: string, url: string) => (has(path) ? url : resources.value === null ? undefined : null);

/// Asks for `url`, and again `every` milliseconds after each answer, unless the page is hidden; an answer that took long is asked
/// for less often. If `again` changes, it asks at once. Null: asks for nothing, and the answer is `absent`; undefined: it is not known yet.
export function useAnswer<T>(url: string | null | undefined, every: number, again: unknown = 0): Answer<T> {
  const [seen, show] = useState<{ url: string | null | undefined; answer: Answer<T> }>({ url, answer: { state: "asking" } });
  const live = connection.value === "live";
  const lost = losses.value;
  useEffect(() => {
    if (url == null || !live) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const run = async () => {
      const begun = performance.now();
      if (!document.hidden) {
        const answer: Answer<T> = await ask<T>(url, abort.signal).catch(() => ({
          state: "failed",
          detail: "The server cannot be reached.",
        }));
        if (abort.signal.aborted) return;
        // A failure does not wipe out what was known.
        show((last) =>
          answer.state === "failed" && last.url === url && last.answer.state === "here"
            ? { url, answer: { ...last.answer, failed: answer.detail } }
            : { url, answer },
        );
        if (answer.state === "absent") return;
      }
      timer = setTimeout(() => void run(), Math.max(every, 20 * (performance.now() - begun)));
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [url, every, again, live, lost]);
  if (url === null) return { state: "absent" };
  if (url === undefined) return { state: "asking" };
  // What was asked for before is not shown under another address.
  return seen.url === url ? seen.answer : { state: "asking" };
}
