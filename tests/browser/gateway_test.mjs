// The dashboard of a real gateway: its services and its history.
//   node gateway_test.mjs SWITCHGEAR
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { expectAccessible } from "./axe.mjs";
import { startGateway } from "./gateway.mjs";
import { at, finish, live, test } from "./harness.mjs";

const binary = process.argv[2];
const hostile = "<b>mail & more</b>";

const configuration = (port) => `
version: 1
gateway: {threads: 1}
history: {resolution: 1s}
policies:
  everything:
    timeout: 5s
    retry: {max_attempts: 2}
    bulkhead: {max_concurrent: 20, max_queue: 5}
    rate_limiter: {rate: 1000, per: 1s}
    adaptive_limit: {}
    cache: {ttl: 1s}
    circuit_breaker: {minimum_calls: 4, failure_rate: 0.5, open_duration: 600s}
services:
  payment: {url: "http://127.0.0.1:${port}", policy: everything, routes: [{prefix: /payment/}]}
  ${JSON.stringify(hostile)}: {url: "http://127.0.0.1:${port}", policy: everything, routes: [{prefix: /mail/}]}
`;
const start = () => startGateway(binary, configuration);
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
  for (const title of ["Requests", "Attempts", "Connections", "Retry", "Bulkhead", "Adaptive limit", "Rate limiter", "Cache"]) {
    await page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
  }
  await page.getByRole("region", { name: "Bulkhead" }).getByText("0 of 20").waitFor();
  await page.getByRole("link", { name: "Closed breaker" }).click();
  await page.getByText("policy=everything").waitFor();
}, { start });

await test("draws calls and latencies out of the history, with the opening as a mark and its evidence", async ({ page, server }) => {
  await open(server);
  await page.goto(at(server, "breaker/payment"));
  await page.getByRole("button", { name: "1 h", exact: true, pressed: true }).waitFor();
  await page.getByRole("row").filter({ hasText: "failure rate" }).getByText(/^\d of \d failed/).waitFor();
  await page.getByRole("img", { name: /^Calls, .*: calls at most [1-9]/ }).waitFor();
  await page.getByRole("img", { name: /^Latency, .*: p50 at most [\d.]+ (µs|ms)/ }).waitFor();
  await page.getByText("As a table").click();
  await page.getByRole("group", { name: "Values of the charts" }).getByText(/^\d.* (µs|ms)$/).first().waitFor();
  // The span is in the address, the usual ones and any other.
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  assert.match(page.url(), /span=6h/);
  await page.getByRole("button", { name: "Other…" }).click();
  await page.getByLabel("From").fill("2026-03-01T10:00:00");
  await page.getByLabel("To", { exact: true }).fill("2026-03-01T12:00:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByText("No change of state in this span.").waitFor();
  assert.match(page.url(), /from=.*&to=/);
  await page.goBack();
  await page.getByRole("button", { name: "6 h", exact: true, pressed: true }).waitFor();
}, { start });

await test("has nothing that axe finds on the pages of a gateway, and fits 400 pixels", async ({ page, server }) => {
  await open(server);
  for (const hash of ["", "breaker/payment", "services", "service/payment"]) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(at(server, hash));
    await live(page);
    await page.getByText(/^Asking for/).waitFor({ state: "detached" });
    await expectAccessible(page, `#/${hash}`);
    await page.setViewportSize({ width: 400, height: 800 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  }
}, { start });

await finish();
