// The dashboard: one page, live over server-sent events. Names that come from the server are data: they go into text nodes and
// attributes only, never into markup.
import { effect } from "@preact/signals";
import { render } from "preact";
import { Card } from "./card";
import { Feed } from "./feed";
import { Glyph } from "./glyph";
import { Header } from "./header";
import { connection, counts, entries, now, recordSecond, sorted } from "./model";
import { connect } from "./stream";
import { TokenDialog } from "./token_dialog";
import "./style.css";

function Cards() {
  if (entries.value.size === 0) {
    return (
      <section class="empty">
        <Glyph state="disabled" size={96} />
        <h2>{connection.value === "live" ? "No circuit breakers yet" : "Waiting for the server"}</h2>
        <p>
          {connection.value === "live"
            ? "Each service in the configuration that has a circuit breaker appears here by itself."
            : "The cards appear as soon as the event stream is connected."}
        </p>
      </section>
    );
  }
  return (
    <section class={connection.value === "live" ? "cards" : "cards stale"} aria-label="Circuit breakers">
      {sorted.value.map(({ entry, name }) => (
        <Card key={name} entry={entry} />
      ))}
    </section>
  );
}

function Page() {
  return (
    <>
      <Header />
      {connection.value === "lost" && (
        <p class="banner" role="alert">
          <b>Connection lost.</b> What you see is the last known state; connecting again…
        </p>
      )}
      <main>
        <Cards />
        <Feed />
      </main>
      <TokenDialog />
    </>
  );
}

effect(() => {
  const refusing = counts.value.open + counts.value.forced_open;
  document.title = refusing > 0 ? `${refusing} open – Switchgear` : "Switchgear";
});

setInterval(() => (now.value = performance.now()), 200);
setInterval(recordSecond, 1000);
render(<Page />, document.getElementById("app")!);
connect();
