// The dashboard of a real gateway: services, history, analysis, reports, alerts.
//   node gateway_test.mjs SWITCHGEAR
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { expectAccessible } from "./axe.mjs";
import { startGateway } from "./gateway.mjs";
import { at, becomes, finish, live, test } from "./harness.mjs";

const binary = process.argv[2];
const hostile = "<b>mail & more</b>";

/// Nothing listens on the second one: the service has its port on 127.0.0.1 alone.
const twoAddresses = (port) => `upstreams: [{url: "http://127.0.0.1:${port}"}, {url: "http://127.0.0.2:${port}"}], balance: round_robin`;

const configuration = (port) => `
version: 1
gateway: {threads: 1}
history: {resolution: 1s}
alerts:
  channels: {book: {log: {}}}
policies:
  everything:
    timeout: 5s
    retry: {max_attempts: 2}
    bulkhead: {max_concurrent: 20}
    rate_limiter: {rate: 1000}
    adaptive_limit: {}
    admission: {max_rejection: 0.01}
    cache: {ttl: 1s}
    circuit_breaker: {minimum_calls: 4, failure_rate: 0.5, open_duration: 600s}
  careful: {timeout: 5s, bulkhead: {max_concurrent: 5}}
  per_tenant: {timeout: 5s, circuit_breaker: {window: {type: count, size: 1000}, minimum_calls: 4, failure_rate: 0.5, open_duration: 600s}}
  again: {timeout: 5s, retry: {max_attempts: 2, base: 1ms, jitter: none}}
  moves: {timeout: 5s, circuit_breaker: {consecutive_failures: 5, open_duration: 600s, max_open_duration: 600s, adaptive: {samples: 5}}}
  strict: {timeout: 5s, circuit_breaker: {consecutive_failures: 2, open_duration: 600s}}
  steps: {timeout: 5s, circuit_breaker: {minimum_calls: 4, failure_rate: 0.5, max_open_duration: 600s, levels: {warning: {},
          critical: {failure_rate: 0.25, open_duration: 600s}, emergency: {open_duration: 600s}, escalate_above: 0.6}}}
  returning: {timeout: 5s, circuit_breaker: {window: {type: count, size: 4}, minimum_calls: 4, failure_rate: 0.5, open_duration: 100ms,
              half_open: {permitted_calls: 1}, ramp: {controller: true, from: 0.25, step: 600s, minimum: 100}}}
services:
  returning: {url: "http://127.0.0.1:${port}", policy: returning, routes: [{prefix: /returning/}]}
  stepped: {url: "http://127.0.0.1:${port}", policy: steps, routes: [{prefix: /stepped/}]}
  tried: {url: "http://127.0.0.1:${port}", policy: moves, routes: [{prefix: /tried/}], experiment: {shadow: [strict]}}
  halved: {url: "http://127.0.0.1:${port}", policy: again, routes: [{prefix: /halved/}], experiment: {split: {strict: 0.5, by: {header: x-user}, block: 100ms}}}
  worn: {${twoAddresses(port)}, ejection: {consecutive_5xx: 2, max_ejected: 1.0, panic: 0.9, base: 600s, max: 600s}, policy: again, routes: [{prefix: /worn/}]}
  payment: {url: "http://127.0.0.1:${port}", policy: everything, routes: [{prefix: /payment/}]}
  ${JSON.stringify(hostile)}: {url: "http://127.0.0.1:${port}", policy: everything, routes: [{prefix: /mail/}]}
  tenants: {url: "http://127.0.0.1:${port}", policy: per_tenant, by: {header: x-tenant, max: 50},
            routes: [{prefix: /tenants/}, {prefix: /tenants/pay, policy: careful}]}
  chat: {url: "http://127.0.0.1:${port}", policy: again, routes: [{prefix: /chat/}, {path: /chat/socket, upgrade: [websocket]}]}
  shop: {${twoAddresses(port)}, ejection: {consecutive_5xx: 2, max_ejected: 0.5, base: 600s, max: 600s}, policy: again, routes: [{prefix: /shop/}]}
  flaky: {${twoAddresses(port)}, ejection: {consecutive_5xx: 2, max_ejected: 0.5, base: 1s}, policy: again, routes: [{prefix: /flaky/}]}
`;
/// Once the history has its first sample: until then it knows no circuit.
const start = async () => {
  const server = await startGateway(binary, configuration);
  for (let known = 0; known < 2;) {
    const answer = await fetch(`${server.url}/history`);
    known = (await answer.json()).circuits.length;
  }
  return server;
};
const open = async (server) => {
  await server.send("/payment/ok", 3);
  await server.send("/payment/fail", 8);
};

await test("shows a service's policies, connections and requests as they are", async ({ page, server }) => {
  assert.deepEqual(await server.send("/payment/ok", 3), [200, 200, 200]);
  await page.goto(at(server, "services"));
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "payment", exact: true }) });
  await row.getByText("3", { exact: true }).waitFor();
  await page.getByRole("link", { name: hostile, exact: true }).waitFor();
  await row.getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "payment" }).waitFor();
  for (const title of ["Requests", "Attempts", "Connections", "Retry", "Bulkhead", "Adaptive limit", "Admission control", "Rate limiter", "Cache"]) {
    await page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
  }
  await page.getByRole("region", { name: "Bulkhead" }).getByText("0 of 20").waitFor();
  // One of the connections that may be open, not of those that are: a pool of one that is busy is not full.
  await page.getByRole("region", { name: "Connections" }).getByText(/^[01] of \d{3}$/).waitFor();
  await page.getByRole("region", { name: "Retry" }).getByText("calls recovered").waitFor();
  await page.getByRole("link", { name: "Closed breaker" }).click();
  await page.getByText("policy=everything").waitFor();
}, { start });

await test("shows the two policies of a split side by side, and stops the candidate when it is asked to", async ({ page, server }) => {
  for (let user = 0; user < 40; user++) {
    await server.send(user % 4 === 0 ? "/halved/fail" : "/halved/ok", 1, { headers: { "x-user": `user-${user}` } });
  }
  await page.goto(at(server, "service/halved"));
  const split = page.getByRole("region", { name: "Split" });
  const arms = split.getByRole("group", { name: "The two policies" });
  await arms.getByRole("columnheader", { name: "Candidate: strict" }).waitFor();
  const requests = async () => {
    const cells = await arms.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "Requests" }) }).getByRole("cell").allInnerTexts();
    return cells.map(Number);
  };
  while ((await requests()).reduce((sum, each) => sum + each) < 40) await page.waitForResponse((response) => response.url().endsWith("/experiments"));
  for (const each of await requests()) assert.ok(each > 4, `${await requests()}`);
  await page.getByRole("heading", { level: 2, name: /^Candidate of the split: strict/ }).waitFor();
  await expectAccessible(page, "a split");
  await split.getByRole("button", { name: "Promote" }).click();
  const promote = page.getByRole("dialog", { name: "Promote: strict" });
  await promote.getByText("+++ b/gateway.yaml").waitFor();
  await expectAccessible(page, "a patch");
  const download = page.waitForEvent("download");
  await promote.getByRole("link", { name: "Download" }).click();
  assert.equal((await download).suggestedFilename(), "promote-halved.patch");
  await promote.getByRole("button", { name: "Close" }).click();
  await split.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog", { name: "Stop: strict" }).getByRole("button", { name: "Stop" }).click();
  await split.getByText("Stopped by an operator").waitFor();
  await split.getByRole("button", { name: "Restart" }).click();
  await split.getByRole("button", { name: "Stop" }).waitFor();
  assert.ok((await fetch(`${server.url}/circuit-breakers/halved%2Fstrict/force-open`, { method: "POST" })).ok);
  await server.send("/halved/ok", 3, { headers: { "x-user": "user-1" } });
  await split.getByText(/^3 requests are left out: an operator's command held the breaker/).waitFor();
}, { start });

await test("shows which instance is left out, why and for how long, and tells of it at once", async ({ page, server }) => {
  await page.goto(at(server, "service/shop"));
  const instances = page.getByRole("group", { name: "Instances", exact: true });
  const bad = instances.getByRole("row").filter({ hasText: "127.0.0.2:" });
  await bad.getByText("Usable").waitFor();
  assert.equal(await page.getByRole("heading", { level: 3, name: /^Latest events/ }).count(), 0);
  assert.deepEqual(new Set(await server.send("/shop/ok", 6)), new Set([200]), "the other instance answers");
  await bad.filter({ hasText: /Left out for another (9|10) min/ }).getByText("2 failed calls in a row (limit 2)").waitFor();
  await becomes(page, async () => (await bad.getByRole("cell").allInnerTexts()).slice(1), ["2", "2", "0", "1"], "calls, failures, in flight, ejections");
  await instances.getByRole("row").filter({ hasText: "127.0.0.1:" }).getByText("Usable").waitFor();
  const events = page.getByRole("group", { name: "Events of instances" });
  await events.getByRole("row").filter({ hasText: "ejected" }).getByText(/^instance 127\.0\.0\.2:\d+ is left out for 600s: .*; 1 of 2 instances is out$/).waitFor();
  await page.locator("[aria-live]").filter({ hasText: /^shop: instance 127\.0\.0\.2:\d+ is left out/ }).waitFor({ state: "attached" });
  // Another service's are on its own page.
  await page.goto(at(server, "service/flaky"));
  await server.send("/flaky/ok", 6);
  await events.getByRole("row").filter({ hasText: "returned" }).getByText(/is used again: its time is over/).waitFor();
  await bad.getByText("Usable").waitFor();
  assert.equal(await events.getByText(/600s/).count(), 0);
}, { start });

await test("says that calls go to all instances when too few are usable", async ({ page, server }) => {
  await server.send("/worn/ok", 6);
  await page.goto(at(server, "service/worn"));
  await page.getByText("Too few instances are usable: calls go to all of them.").waitFor();
  const bad = page.getByRole("group", { name: "Instances", exact: true }).getByRole("row").filter({ hasText: "127.0.0.2:" });
  await bad.getByText("Used all the same").waitFor();
  await bad.getByText("it gets calls all the same, because too few instances are healthy").waitFor();
}, { start });

await test("shows the level of a multi-level breaker, what is in force there, and why it is there", async ({ page, server }) => {
  await page.goto(at(server, "breaker/stepped"));
  await page.getByText(/Level warning \(full\): it opens for .* when 50\.0% of at least 4 calls fail/).waitFor();
  await server.send("/stepped/ok", 1);
  await server.send("/stepped/fail", 3);
  const note = page.getByText(/Level critical \(degraded\): it opens for .* when 25\.0% of at least 4 calls fail/);
  await note.filter({ hasText: "goes from warning to critical: 3 of 4 failed, 75% is above 60%" }).waitFor();
  await expectAccessible(page);
}, { start });

await test("shows how much a controlled ramp lets through, and what its steps are judged by", async ({ page, server }) => {
  await page.goto(at(server, "breaker/returning"));
  await server.send("/returning/fail", 4);
  // The probe closes it as soon as it is let through; the step then lasts longer than the test.
  await becomes(page, async () => (await server.send("/returning/ok", 1))[0], 200);
  await page.getByText("ramping 25.0%", { exact: true }).waitFor();
  const now = page.getByRole("region", { name: "Now" });
  await now.getByText("Letting calls back in 25.0%").waitFor();
  await now.getByText(/of \d+ failed in this step; 25\.0% was safe/).waitFor();
  await now.getByText("falls back at 10.0%").waitFor();
  await page.getByText("ramp.growth", { exact: true }).waitFor();
  await expectAccessible(page, "a ramp");
}, { start });

await test("lists all experiments, with the way to each", async ({ page, server }) => {
  await page.goto(at(server, ""));
  await page.getByRole("link", { name: "Experiments" }).click();
  await page.getByRole("heading", { level: 1, name: "Experiments" }).waitFor();
  const splits = page.getByRole("group", { name: "Splits" });
  await splits.getByRole("row").filter({ hasText: "halved" }).filter({ hasText: "Not enough data yet" }).waitFor();
  await expectAccessible(page, "experiments");
  const shadows = page.getByRole("group", { name: "Shadow policies" });
  await shadows.getByRole("row").filter({ hasText: "strict" }).getByRole("link", { name: "tried" }).click();
  await page.getByRole("heading", { level: 1, name: "tried" }).waitFor();
  await page.getByRole("group", { name: "Shadow policies" }).getByRole("row").filter({ hasText: "strict" }).waitFor();
}, { start });

await test("shows what an adaptive breaker goes by, and what a shadow policy would have decided", async ({ page, server }) => {
  await page.goto(at(server, "breaker/tried"));
  await page.getByText("there are not enough calls yet to go by").waitFor();
  await server.send("/tried/fail", 3);
  await server.send("/tried/ok", 2);
  await page.getByText(/Now it opens after 3 failures in a row, for .*: 60\.0% of the last 5 calls failed/).waitFor();
  const shadows = page.getByRole("group", { name: "Shadow policies" });
  const strict = shadows.getByRole("row").filter({ hasText: "strict" });
  await strict.filter({ hasText: "Open" }).waitFor();
  // 3 failed, of which the shadow let 2 through; it would have refused the third, and two good ones.
  await becomes(page, async () => (await strict.getByRole("cell").allInnerTexts()).slice(2, 6), ["2", "2", "1", "1"]);
  await shadows.getByRole("row").filter({ hasText: "in force" }).getByText("0 refused").waitFor();
  await expectAccessible(page);
}, { start });

await test("shows the policies of routes beside the service's own", async ({ page, server }) => {
  await server.send("/tenants/pay/ok", 2);
  await page.goto(at(server, "service/tenants"));
  await page.getByRole("heading", { level: 2, name: "Routes with the policy careful", exact: true }).waitFor();
  await page.getByRole("region", { name: "Bulkhead of careful" }).getByText("0 of 5").waitFor();
}, { start });

await test("shows open streams, and how many were upgraded, refused or ended", async ({ page, server }) => {
  await page.goto(at(server, "service/chat"));
  await page.getByRole("region", { name: "Requests" }).waitFor();
  assert.equal(await page.getByRole("region", { name: "Upgrades" }).count(), 0, "there was none");
  const first = await server.upgrade("/chat/socket");
  const second = await server.upgrade("/chat/socket");
  assert.equal(await server.upgrade("/chat/other"), null);
  const upgrades = page.getByRole("region", { name: "Upgrades" });
  const figure = (name) => upgrades.locator("dl.pairs div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");
  const shows = async (name, value) => figure(name).getByText(value, { exact: true }).waitFor();
  await shows("open streams", "2");
  await shows("in all", "2");
  await shows("refused", "1");
  await shows("idle timeouts", "0");
  await expectAccessible(page, "with upgrades");
  first.resetAndDestroy();
  await shows("open streams", "1");
  await shows("client left", "1");
  second.destroy();
}, { start });

await test("lists values whose breaker is not closed, and takes commands to them and to any other", async ({ page, server }) => {
  const tenant = (name) => ({ headers: { "x-tenant": name } });
  const odd = "a&b 100%";
  await server.send("/tenants/ok", 20);
  await server.send("/tenants/fail", 4, tenant(odd));
  await server.send("/tenants/ok", 1, tenant("globex"));
  await page.goto(at(server, "service/tenants"));
  const values = page.getByRole("region", { name: "Breakers by the value of x-tenant" });
  await values.getByText("2 of 50").waitFor();
  const row = values.getByRole("row").filter({ hasText: "a&b%20100%25" });
  await row.getByText("Open", { exact: true }).waitFor();
  await row.getByRole("button").click();
  const dialog = page.getByRole("dialog", { name: "Command to the breaker of one value" });
  await expectAccessible(page, "the dialog of a value");
  await dialog.getByText("It closes with an empty window", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Reset" }).click();
  await values.getByRole("status").getByText("Reset, x-tenant a&b%20100%25: done.").waitFor();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(await server.send("/tenants/ok", 1, tenant(odd)), [200]);
  await values.getByRole("button", { name: "Command to a value…" }).click();
  await dialog.getByLabel("x-tenant").fill("stranger");
  await dialog.getByLabel("Command").selectOption("Force open");
  await dialog.getByRole("button", { name: "Force open" }).click();
  await dialog.getByRole("alert").getByText("the value does not have a breaker", { exact: false }).waitFor();
  await dialog.getByLabel("x-tenant").fill("globex");
  await dialog.getByRole("button", { name: "Force open" }).click();
  await values.getByRole("row").filter({ hasText: "globex" }).getByText("Forced open").waitFor();
  assert.deepEqual(await server.send("/tenants/ok", 1, tenant("globex")), [503]);
}, { start, expectedConsole: [/404/] });

await test("keeps the last column as far from the edge as the first, on any width, and leads on from a name that is unknown", async ({ page, server }) => {
  for (const [width, padding] of [[1600, "18px"], [1200, "18px"], [400, "14px"]]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(at(server, "services"));
    await page.getByRole("row").nth(2).waitFor();
    const found = await page.evaluate(() =>
      [...document.querySelectorAll("table.list tr")].map((row) => [...row.children].filter((each) => each.offsetWidth > 0).at(-1)).map((each) => getComputedStyle(each).paddingRight));
    assert.deepEqual(new Set(found), new Set([padding]), `at ${width}`);
    const cut = (all) => all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText);
    await becomes(page, () => page.getByRole("columnheader").evaluateAll(cut), [], `they do not fit at ${width}`);
  }
  await page.goto(at(server, "service/none"));
  await page.getByRole("link", { name: "All services" }).click();
  await page.getByRole("heading", { level: 1, name: "Services" }).waitFor();
  await page.goto(at(server, "report/none"));
  await page.getByRole("link", { name: "All reports" }).click();
  await page.getByRole("heading", { level: 1, name: "Reports" }).waitFor();
}, { start, expectedConsole: [/404/] });

await test("draws calls and latencies out of the history, with the opening as a mark and its evidence", async ({ page, server }) => {
  await open(server);
  await page.goto(at(server, "breaker/payment"));
  await page.getByRole("button", { name: "1 h", exact: true, pressed: true }).waitFor();
  await page.getByRole("row").filter({ hasText: "failure rate" }).getByText(/^\d of \d failed/).waitFor();
  await page.getByRole("img", { name: /^Calls, .*: calls at most (0\.0*)?[1-9]/ }).waitFor();
  await page.getByRole("img", { name: /^Latency, .*: p50 at most [\d.]+ (µs|ms)/ }).waitFor();
  await page.getByText("As a table").click();
  await page.getByRole("group", { name: "Values of the charts" }).getByText(/^\d.* (µs|ms)$/).first().waitFor();
  // The span is in the address, the usual ones and any other.
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  assert.match(page.url(), /span=6h/);
  await page.getByRole("button", { name: "Other…" }).click();
  await page.getByLabel("From").fill("2026-03-01T10:00");
  await page.getByLabel("To", { exact: true }).fill("2026-03-01T12:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByText("No change of state in this span.").waitFor();
  assert.match(page.url(), /from=.*&to=/);
  await page.goBack();
  await page.getByRole("button", { name: "6 h", exact: true, pressed: true }).waitFor();
}, { start });

await test("says why a breaker opened and what to do, and leads to its report", async ({ page, server }) => {
  await open(server);
  await page.goto(at(server, "breaker/payment"));
  const analysis = page.getByRole("region", { name: "Analysis" });
  await analysis.getByText("http error").waitFor();
  const runbook = await analysis.getByRole("link", { name: /^docs\/runbooks\/[a-z-]+\.md$/ }).first().evaluate((link) => link.href);
  assert.match(await (await page.request.get(runbook)).text(), /^## Do$/m);
  await analysis.getByRole("link", { name: "Report" }).click();
  await page.getByRole("heading", { level: 1, name: "payment" }).waitFor();
  await page.getByRole("region", { name: "Figures" }).getByText(/^\d+ of 100$/).first().waitFor();
  await page.getByRole("region", { name: "Openings" }).getByText("not closed").waitFor();
  // The report is of a day, of which the gateway has run some seconds: these take the whole width.
  const course = await page.getByRole("img", { name: /^Calls, / }).getAttribute("aria-label");
  const [from, to] = [...course.matchAll(/(\d\d):(\d\d):(\d\d)/g)].map(([, h, m, s]) => (+h * 60 + +m) * 60 + +s);
  assert.ok((to - from + 86400) % 86400 < 600, course);
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save as a page" }).click();
  assert.match((await saved).suggestedFilename(), /^report-payment\.html$/);
}, { start });

await test("tells of an alert on every page, and takes acknowledgements and silences", async ({ page, server }) => {
  await open(server);
  await page.goto(at(server));
  await page.getByRole("link", { name: /Alerts 1 firing/ }).click();
  const alert = page.getByRole("listitem", { name: "opened of payment: firing" });
  await alert.waitFor();
  await alert.getByRole("button", { name: "Acknowledge opened of payment" }).click();
  await alert.getByText(/acknowledged by 127\.0\.0\.1/).waitFor();
  await alert.getByRole("button", { name: "Silence opened of payment" }).click();
  const dialog = page.getByRole("dialog", { name: "Silence alerts" });
  assert.equal(await dialog.getByLabel("Circuit").inputValue(), "payment");
  await dialog.getByLabel("For").selectOption("8h");
  await dialog.getByLabel("Why").fill(hostile);
  await dialog.getByRole("button", { name: "Silence" }).click();
  await dialog.waitFor({ state: "detached" });
  const silences = page.getByRole("region", { name: "Silences" });
  await silences.getByText(hostile, { exact: true }).waitFor();
  await silences.getByText("in 8 h").waitFor();
  await alert.getByText(/muted/).waitFor();
  await silences.getByRole("button", { name: "End the silence of payment" }).click();
  await silences.getByText("Every alert is told to the channels of its rule.").waitFor();
  await page.getByRole("region", { name: "Channels" }).getByRole("row").filter({ hasText: "book" }).waitFor();
}, { start });

await test("has nothing that axe finds on the pages of a gateway, and fits 400 pixels", async ({ page, server }) => {
  await open(server);
  await server.send("/shop/ok", 6);
  await server.send("/tenants/ok", 20);
  await server.send("/tenants/fail", 4, { headers: { "x-tenant": "acme" } });
  for (const hash of ["", "breaker/payment", "services", "service/payment", "service/shop", "service/tenants", "experiments", "alerts", "reports", "report/payment"]) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(at(server, hash));
    await live(page);
    await page.waitForFunction(() => ![...document.querySelectorAll("p")].some((each) => each.textContent.startsWith("Asking for")));
    await expectAccessible(page, `#/${hash}`);
    await page.setViewportSize({ width: 400, height: 800 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  }
  await page.goto(at(server, "alerts"));
  await page.getByRole("button", { name: "New silence" }).click();
  await page.getByRole("dialog").waitFor();
  await expectAccessible(page, "the dialog of a silence");
}, { start });

await finish();
