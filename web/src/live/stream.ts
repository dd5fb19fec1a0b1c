// The connection to /events: kept up, and honest about it when it is not.
import { signal } from "@preact/signals";
import type { Delta, InstanceEvent, Snapshot, TransitionEvent } from "../api";
import { sentence } from "../format";
import { connection, takeDelta, takeInstance, takeLost, takeSnapshot, takeTransition } from "./model";

const retryDelay = 2000;
/// A stream that says nothing for this long is asked after: a machine that slept, or a network that is gone, ends no connection.
const quietLimit = 15_000;
const askLimit = 5_000;

/// True once the server has another version of this page than the one that runs.
export const outdated = signal(false);

let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let lastEvent = 0;
let asking = false;
let pageTag: string | null = null;

export function connect() {
  clearTimeout(retry);  // it would close what is made here
  source?.close();
  const made = new EventSource("events");
  source = made;
  lastEvent = performance.now();
  const on = <T>(type: string, take: (data: T) => void) =>
    made.addEventListener(type, (event) => {
      lastEvent = performance.now();
      take(JSON.parse((event as MessageEvent<string>).data) as T);
    });
  on<Snapshot>("snapshot", (snapshot) => {
    takeSnapshot(snapshot);
    void comparePage();
  });
  on<Delta>("delta", takeDelta);
  on<TransitionEvent>("transition", (each) => takeTransition(each, sentence(each.circuit, each)));
  on<InstanceEvent>("instance", takeInstance);
  on<{ events: number }>("lost", takeLost);
  made.onerror = () => {
    if (made !== source) return;
    connection.value = "lost";
    // The browser tries again by itself unless the server answered with an error; then it gives up, and we do not.
    if (made.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryDelay);
  };
}

/// Every second: a quiet stream whose server does not answer either is lost.
export async function watch() {
  if (connection.peek() !== "live" || asking || performance.now() - lastEvent < quietLimit) return;
  asking = true;
  try {
    await fetch("livez", { cache: "no-store", signal: AbortSignal.timeout(askLimit) });
    lastEvent = performance.now();
  } catch {
    connection.value = "lost";
    connect();
  } finally {
    asking = false;
  }
}

/// A gateway that was restarted may be another version, with another page.
async function comparePage() {
  try {
    const { headers } = await fetch("dashboard/dashboard.js", { method: "HEAD", cache: "no-store" });
    const tag = headers.get("ETag");
    if (pageTag !== null && tag !== null && tag !== pageTag) outdated.value = true;
    pageTag ??= tag;
  } catch {
    // The stream will tell.
  }
}
