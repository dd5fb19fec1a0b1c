// The dashboard: one page, live over server-sent events. Names that come from the server are data: they go into text nodes and
// attributes only, never into markup.
import { effect } from "@preact/signals";
import { options, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { AlertsWatch } from "./live/alerts";
import { startClocks } from "./live/clock";
import { connection, counts, recordSecond } from "./live/model";
import { connect, watch } from "./live/stream";
import { AlertsPage } from "./pages/alerts";
import { BreakerPage } from "./pages/breaker";
import { ExperimentsPage } from "./pages/experiments";
import { FleetPage } from "./pages/fleet";
import { Overview } from "./pages/overview";
import { ReportPage, ReportsPage } from "./pages/reports";
import { ServicePage, ServicesPage } from "./pages/services";
import { Announcer } from "./parts/feed";
import { Banners, Header } from "./parts/header";
import { TokenDialog } from "./parts/token_dialog";
import { href, place, route, type Page as Where } from "./route";
import "./style/colours.css";
import "./style/page.css";
import "./style/header.css";
import "./style/cards.css";
import "./style/tables.css";
import "./style/panels.css";

function Missing() {
  return (
    <section class="empty">
      <h1>This page does not exist</h1>
      <p>
        <a href={href("overview")}>All breakers</a>
      </p>
    </section>
  );
}

function Content() {
  const [page, name] = [route.value.page, route.value.name];
  switch (page) {
    case "overview":
      return <Overview />;
    case "breaker":
      return <BreakerPage key={name} name={name} />;
    case "services":
      return <ServicesPage />;
    case "service":
      return <ServicePage key={name} name={name} />;
    case "experiments":
      return <ExperimentsPage />;
    case "alerts":
      return <AlertsPage />;
    case "fleet":
      return <FleetPage />;
    case "reports":
      return <ReportsPage />;
    case "report":
      return <ReportPage key={name} name={name} />;
    case "missing":
      return <Missing />;
  }
}

function Page() {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const here = place.value;
  // Going to another page begins at its top and, for those who do not see it, with its heading.
  useEffect(() => {
    if (first.current) return void (first.current = false);
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [here]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
        To the content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1} class={connection.value === "live" ? "" : "stale"}>
        <Banners />
        <Content />
      </main>
      <Announcer />
      <AlertsWatch />
      <TokenDialog />
    </>
  );
}

const titles: Record<Where, string> = {
  overview: "", breaker: "", service: "", report: "Report", services: "Services", experiments: "Experiments", alerts: "Alerts", fleet: "Fleet", reports: "Reports", missing: "",
};

effect(() => {
  const refusing = counts.value.open + counts.value.forced_open;
  const { page, name } = route.value;
  const parts = [refusing > 0 ? `${refusing} open` : "", name, titles[page], "Switchgear"];
  document.title = parts.filter(Boolean).join(" – ");
});

// Everything that changed is drawn once, and not in the frame in which it arrived: reading an update of a thousand breakers takes
// a good part of one. A hidden page draws nothing.
options.debounceRendering = (draw) => void requestAnimationFrame(() => setTimeout(draw));
startClocks(() => {
  recordSecond();
  void watch();
});
render(<Page />, document.getElementById("app")!);
connect();
