// The pages that are made from answers: charts out of a history, alerts, analysis, report. The server is the real one; of history
// and alerts, which a gateway has, its answers are those of the test, so that they can be as hostile or as old as a test wants them.
//   node answers_test.mjs PUPPET
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { expectAccessible } from "./axe.mjs";
import { at, becomes, finish, live, test } from "./harness.mjs";
import { startPuppet } from "./puppet.mjs";

const hostile = "<img src=x onerror=alert(1)>";
const iso = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString();
const start = async () => {
  const puppet = await startPuppet(process.argv[2], "--answers", "yes");
  await puppet.tell("add", "payment");
  await puppet.tell("answer", "/alerts", JSON.stringify({ at: iso(0), alerts: [], silences: [], channels: [], rules: ["opened"] }));
  await puppet.tell("answer", "/history", JSON.stringify(history()));
  return puppet;
};
const received = async (puppet) => (await fetch(`${puppet.url}/received`)).json();

const window = { calls: 100, failures: 52, slow: 3, failure_rate: 0.52, slow_call_rate: 0.03, consecutive_failures: 4 };
const opened = (secondsAgo) => ({
  from: "closed", to: "open", at: iso(secondsAgo), generation: 7, rule: "failure_rate", value: 0.52, threshold: 0.5, window,
  last_failure: { type: "timeout", at: iso(secondsAgo) },
});

/// An hour of samples, without those of ten minutes in between.
function history() {
  const samples = [];
  for (let ago = 3600; ago > 0; ago -= 10) {
    if (ago > 2400 && ago <= 3000) continue;
    samples.push({
      at: iso(ago), length: 10, state: "closed", successes: 90, failures: 10, ignored: 0, rejected: 40,
      latency: { mean: 0.02, p50: 0.02, p95: 0.25, p99: 1.5 },
    });
  }
  return { circuit: "payment", from: iso(3600), to: iso(0), step: 10, samples, transitions: [opened(1800)],
    commands: [{ at: iso(1700), command: "reset", circuit: "payment", client: "10.0.0.3", result: "done" },
               { at: iso(60), command: "force-open", circuit: "payment", client: "10.0.0.66", result: "unauthorized" }] };
}

const alert = (more) => ({
  id: "0123456789abcdef", rule: "open_too_long", circuit: "payment", severity: "high", state: "firing", message: "payment has been open for 6 min",
  evidence: { text: "open", value: 360, threshold: 300, calls: 0 }, since: iso(400), fired_at: iso(100), resolved_at: null, acknowledged: null,
  muted_by: null, runbook: null, labels: {}, told: {}, ...more,
});
const tellAlerts = (puppet, alerts, more = {}) =>
  puppet.tell("answer", "/alerts", JSON.stringify({ at: iso(0), alerts, silences: [], channels: [], rules: ["opened"], ...more }));

await test("draws calls, refusals and latencies out of the history, and an opening as a mark with its evidence", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByRole("button", { name: "1 h", exact: true, pressed: true }).waitFor();
  await page.getByRole("img", { name: /^Calls, .*: calls at most 10\/s, failures at most 1\/s\.$/ }).waitFor();
  await page.getByRole("img", { name: /^Rejected, .*: rejected at most 4\/s\.$/ }).waitFor();
  await page.getByRole("img", { name: /^Latency, .*: p50 at most 20 ms, p95 at most 250 ms, p99 at most 1\.5 s\.$/ }).waitFor();
  const change = page.getByRole("row").filter({ hasText: "failure rate" });
  await change.getByText("52.0% ≥ 50.0%").waitFor();
  await change.getByText("52 of 100 failed (52.0%), 3 slow").waitFor();
  await page.getByText("As a table").click();
  await page.getByRole("group", { name: "Values of the charts" }).getByText("250 ms").first().waitFor();
  // Where nothing was recorded is a gap, not a zero.
  await page.getByRole("group", { name: "Values of the charts" }).getByText("–", { exact: true }).first().waitFor();
}, { start });

await test("says who commanded the breaker and when", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment"));
  const rows = page.getByRole("region", { name: "Commands", exact: true }).getByRole("row");
  await rows.nth(1).getByText("force-open").waitFor();
  await rows.nth(1).getByText("unauthorized").waitFor();
  await rows.nth(2).getByText("10.0.0.3", { exact: true }).waitFor();
}, { start });

await test("does not draw the charts of a past span anew with every call", async ({ page, puppet }) => {
  await page.addInitScript(() => {
    window.drawn = 0;
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...area) {
      if (this.canvas.closest(".chart")) window.drawn++;
      return clear.apply(this, area);
    };
  });
  await page.goto(at(puppet, `breaker/payment?from=${encodeURIComponent(iso(3600))}&to=${encodeURIComponent(iso(0))}`));
  await page.getByText("52 of 100 failed (52.0%), 3 slow").waitFor();
  await page.waitForFunction(() => window.drawn > 0);
  const drawn = await page.evaluate(() => window.drawn);
  for (let calls = 1; calls <= 8; calls++) {
    await puppet.tell("calls", "payment", 1);
    await page.locator(".now").getByText(`${calls} in all`).waitFor();
  }
  assert.ok((await page.evaluate(() => window.drawn)) - drawn <= 6, "once more at most for each chart and answer");
}, { start });

await test("keeps the span of a chart in the address: a usual one, any other, and one drawn with the mouse", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  assert.match(page.url(), /span=6h/);
  await page.getByRole("button", { name: "Other…" }).click();
  await page.getByLabel("From").fill("2026-03-01T10:00");
  await page.getByLabel("To", { exact: true }).fill("2026-03-01T12:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/from=.*to=/);
  await page.goBack();
  await page.getByRole("button", { name: "6 h", exact: true, pressed: true }).waitFor();
  const chart = page.locator(".u-over").first();
  await chart.waitFor();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width / 4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=/);
}, { start });

await test("keeps what is typed for a span while answers arrive, and says what is wrong with it", async ({ page, puppet }) => {
  let answer;
  await page.route(/history.*/, async (request) => {
    if (answer) await answer;
    await request.continue();
  });
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByText("52 of 100 failed (52.0%), 3 slow").waitFor();
  let release;
  answer = new Promise((resolve) => (release = resolve));
  const later = page.waitForResponse(/history/);
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  await page.getByRole("button", { name: "Other…" }).click();
  const [from, to] = [page.getByLabel("From"), page.getByLabel("To", { exact: true })];
  await from.fill("2026-03-01T12:00");
  await to.fill("2026-03-01T10:00");
  release();
  await later;
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForFunction((input) => input.validationMessage !== "", await to.elementHandle());
  assert.equal(await from.inputValue(), "2026-03-01T12:00");
  await to.fill("2026-03-01T14:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/from=.*to=/);
}, { start });

await test("says why a breaker is as it is and what to do, and leads to its report", async ({ page, puppet }) => {
  await puppet.tell("failures", "payment", 4);
  await page.goto(at(puppet, "breaker/payment"));
  const shown = page.getByRole("region", { name: "Analysis" });
  await shown.getByText(/^docs\/runbooks\/[a-z-]+\.md$/).first().waitFor();
  await shown.getByText("HTTP error 100.0%").waitFor();
  assert.equal(await shown.getByText("`").count(), 0, "what is in backticks is code");
  await shown.locator(".findings p:not(.quiet) code").first().waitFor();
  await shown.getByRole("link", { name: "Report" }).click();
  const figures = page.getByRole("region", { name: "Figures" });
  await figures.getByText(/^\d+ of 100$/).first().waitFor();
  await figures.getByText("4 failed, 0 refused").waitFor();
  await page.getByRole("region", { name: "Openings" }).getByText("not closed").waitFor();
  await page.getByRole("button", { name: "7 d" }).click();
  assert.match(page.url(), /since=168h/);
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save as a page" }).click();
  assert.equal((await saved).suggestedFilename(), "report-payment.html");
}, { start });

await test("counts firing alerts on every page, and tells of each who was told and whether it is muted", async ({ page, puppet }) => {
  await tellAlerts(puppet, [
    alert({ told: { oncall: { firing: true, resolved: false, repeats: 2, last: iso(5) } }, muted_by: "silence-1" }),
    alert({ id: "2", severity: "critical", rule: "burning_fast", circuit: "inventory", acknowledged: { by: "10.0.0.3", at: iso(50) } }),
    alert({ id: "5", severity: "info", rule: "slow", muted_by: "2" }),
    alert({ id: "3", state: "pending", severity: "info", rule: "opened", message: "", fired_at: null }),
    alert({ id: "4", state: "resolved", rule: "flapping", resolved_at: iso(900) }),
  ], { silences: [{ id: "silence-1", circuit: "*", rule: "open_too_long", until: iso(-600), why: "", by: "10.0.0.3" }],
       channels: [{ name: "oncall", kind: "slack", waiting: 3, breaker: "open", problem: "503 Service Unavailable", delivered: 9, failed: 5, refused: 1, dropped: 0 }] });
  await page.goto(at(puppet));
  await page.getByRole("link", { name: "Alerts 3 firing" }).click();
  const firing = page.getByRole("region", { name: "Firing" }).getByRole("listitem");
  await becomes(page, () => firing.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label"))),
                ["burning_fast of inventory: firing", "open_too_long of payment: firing", "slow of payment: firing"], "the worst first");
  await firing.nth(1).getByText("told to oncall (3×)").waitFor();
  await firing.nth(1).getByText("muted by the silence open_too_long of every circuit").waitFor();
  await firing.nth(2).getByText("muted by the alert burning_fast of inventory").waitFor();
  await firing.nth(0).getByText(/acknowledged by 10\.0\.0\.3/).waitFor();
  await page.getByRole("listitem", { name: "opened of payment: pending" }).waitFor();
  await page.getByRole("listitem", { name: "flapping of payment: resolved" }).getByText("resolved 15 min ago").waitFor();
  const channel = page.getByRole("row").filter({ hasText: "oncall" });
  await channel.getByText("503 Service Unavailable").waitFor();
  await channel.getByText("6", { exact: true }).waitFor();
}, { start });

await test("says of each alert what it is, for how long, and who was told, and nothing twice", async ({ page, puppet }) => {
  const told = (more) => ({ firing: true, resolved: false, repeats: 0, last: iso(5), ...more });
  const open = { message: "payment has been open for 1m 4s", evidence: { text: "open for 1m 4s" } };
  await tellAlerts(puppet, [
    alert({ id: "1", rule: "a", ...open, since: iso(65), fired_at: iso(5), told: { hook: told(), mine: told({ repeats: 1 }) } }),
    alert({ id: "2", rule: "b", message: "call the shop", evidence: { text: "5 changes" }, told: { hook: told() }, acknowledged: { by: "x", at: iso(50) } }),
    alert({ id: "3", rule: "c", ...open, state: "pending", since: iso(64), fired_at: null }),
    alert({ id: "4", rule: "d", ...open, state: "pending", since: iso(64), fired_at: null, muted_by: "a silence" }),
    alert({ id: "5", rule: "e", ...open, state: "resolved", resolved_at: iso(65), told: { hook: told({ resolved: true }), mine: told({ resolved: true }) } }),
    alert({ id: "6", rule: "f", ...open, state: "resolved", resolved_at: iso(65) }),
  ]);
  await page.goto(at(puppet, "alerts"));
  await page.getByRole("listitem", { name: "f of payment: resolved" }).waitFor();
  const said = (item) => page.getByRole("listitem", { name: item }).locator("p:not(.head)").allInnerTexts();
  assert.deepEqual(await said("a of payment: firing"), [open.message, "told to hook, mine (2×)"]);
  assert.deepEqual((await said("b of payment: firing")).map((each) => each.replace(/\d+ s/, "50 s")),
                   ["call the shop", "5 changes; told to hook; acknowledged by x 50 s ago"]);
  assert.deepEqual(await said("c of payment: pending"), [open.message]);
  assert.deepEqual((await said("d of payment: pending")).map((each) => each.replace(/^muted\b.*/, "muted")), [open.message, "muted"]);
  assert.deepEqual(await said("e of payment: resolved"), [open.message, "told to hook, mine; its end told to hook, mine"]);
  assert.deepEqual(await said("f of payment: resolved"), [open.message, "told to no channel"]);
  await page.getByRole("listitem", { name: "a of payment: firing" }).getByText(/^firing for \d s$/).waitFor();
  await page.getByRole("listitem", { name: "c of payment: pending" }).getByText(/^pending for \d\d s$/).waitFor();
}, { start });

await test("acknowledges an alert, silences some and ends a silence, as the operator says", async ({ page, puppet }) => {
  await tellAlerts(puppet, [alert({})], { silences: [{ id: "s1", circuit: "mail*", rule: "*", until: iso(-7200), why: hostile, by: "10.0.0.3" },
                                                     { id: "s2", circuit: "x", rule: "*", until: iso(-60), why: "", by: null }] });
  await page.goto(at(puppet, "alerts"));
  await page.getByRole("button", { name: "Acknowledge open_too_long of payment" }).click();
  await page.getByRole("button", { name: "Silence open_too_long of payment" }).click();
  const dialog = page.getByRole("dialog", { name: "Silence alerts" });
  assert.equal(await dialog.getByLabel("Circuit").inputValue(), "payment");
  await dialog.getByLabel("For").selectOption("8h");
  await dialog.getByLabel("Why").fill("maintenance");
  await dialog.getByRole("button", { name: "Silence" }).click();
  await dialog.waitFor({ state: "detached" });
  const silences = page.getByRole("region", { name: "Silences" });
  await silences.getByText(hostile, { exact: true }).waitFor();
  assert.equal(await silences.getByRole("button", { name: "End the silence of x" }).count(), 0, "that is the configuration's");
  await silences.getByRole("button", { name: "End the silence of mail*" }).click();
  await page.waitForFunction(async (url) => (await (await fetch(url)).json()).length === 3, `${puppet.url}/received`);
  const [first, second, third] = await received(puppet);
  assert.deepEqual([first.command, first.name], ["acknowledge", "0123456789abcdef"]);
  assert.equal(second.command, "silence");
  assert.deepEqual(JSON.parse(second.body), { circuit: "payment", rule: "open_too_long", for: "8h", why: "maintenance" });
  assert.deepEqual([third.command, third.name], ["end-silence", "s1"]);
}, { start });

await test("shows an alert's texts as text, and links only to runbooks of the web", async ({ page, puppet }) => {
  await tellAlerts(puppet, [
    alert({ circuit: hostile, since: iso(1), rule: "a", message: "<b>bold</b>", runbook: "javascript:alert(1)" }),
    alert({ id: "2", since: iso(2), rule: "b", runbook: "https://runbooks.example.com/open" }),
    alert({ id: "3", since: iso(3), rule: "c", runbook: "docs/runbooks/flapping.md" }),
  ]);
  await page.goto(at(puppet, "alerts"));
  await page.getByText("<b>bold</b>", { exact: true }).waitFor();
  const links = page.getByRole("region", { name: "Firing" }).getByRole("link");
  await becomes(page, () => links.evaluateAll((all) => all.map((each) => each.getAttribute("href"))), [`#/breaker/${encodeURIComponent(hostile)}`, "#/breaker/payment", "https://runbooks.example.com/open", "#/breaker/payment"]);
  assert.equal(await page.locator("main :is(b b, img)").count(), 0);
}, { start });

await test("has nothing that axe finds on pages with something on them, and they fit 400 pixels", async ({ page, puppet }) => {
  await tellAlerts(puppet, [alert({}), alert({ id: "2", severity: "critical", muted_by: "x" }), alert({ id: "3", severity: "warning", state: "resolved", resolved_at: iso(9) })], {
    silences: [{ id: "s1", circuit: "mail*", rule: "*", until: iso(-7200), why: "", by: "10.0.0.3" }],
    channels: [{ name: "oncall", kind: "slack", waiting: 0, breaker: "closed", problem: null, delivered: 9, failed: 0, refused: 0, dropped: 0 }],
  });
  for (const [hash, wait] of [["breaker/payment", "Openings in 24 h"], ["alerts", "Last problem"], ["reports", "Opened"], ["report/payment", "success rate"]]) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(at(puppet, hash));
    await live(page);
    await page.getByText(wait, { exact: true }).first().waitFor();
    if (hash.startsWith("breaker")) {
      await page.getByText("As a table").click();
      await page.getByRole("button", { name: "Other…" }).click();
    }
    await expectAccessible(page, `#/${hash}`);
    await page.setViewportSize({ width: 400, height: 800 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  }
  await page.goto(at(puppet, "alerts"));
  await page.getByRole("button", { name: "New silence" }).click();
  await page.getByRole("dialog").waitFor();
  await expectAccessible(page, "the dialog of a silence");
}, { start });

await finish();
