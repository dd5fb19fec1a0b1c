// The connection to /events: kept up, and honest about it when it is not.
import type { Delta, Snapshot, TransitionEvent } from "./api";
import { sentence } from "./format";
import { connection, takeDelta, takeSnapshot, takeTransition } from "./model";

const retryDelay = 2000;

export function connect() {
  const source = new EventSource("events");
  const on = <T>(type: string, take: (data: T) => void) =>
    source.addEventListener(type, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
  on<Snapshot>("snapshot", takeSnapshot);
  on<Delta>("delta", takeDelta);
  on<TransitionEvent>("transition", (each) => takeTransition(each, sentence(each.circuit, each)));
  source.onerror = () => {
    connection.value = "lost";
    // The browser tries again by itself unless the server answered with an error; then it gives up, and we do not.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, retryDelay);
  };
}
