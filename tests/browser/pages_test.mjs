// The dashboard's pages in a real browser: routes, one breaker, what a program does not have, a connection that is lost.
//   node pages_test.mjs PUPPET
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { at, card, finish, gone, live, test } from "./harness.mjs";
import { startLasting } from "./puppet.mjs";

const lasting = () => startLasting(process.argv[2]);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });

await test("leads from a card to the breaker's page, and back", async ({ page, puppet }) => {
  await puppet.tell("add", "a/b & c");
  await page.goto(at(puppet));
  await card(page, "a/b & c", "Closed").getByRole("link", { name: "a/b & c" }).click();
  await heading(page, "a/b & c").waitFor();
  assert.ok(page.url().endsWith("#/breaker/a%2Fb%20%26%20c"), page.url());
  await page.waitForFunction(() => document.title === "a/b & c – Switchgear");
  await page.reload();
  await heading(page, "a/b & c").waitFor();
  await page.goBack();
  await card(page, "a/b & c", "Closed").waitFor();
});

await test("shows a breaker's changes with the evidence, and its options by their names", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await puppet.tell("calls", "payment", 2);
  await puppet.tell("failures", "payment", 2);
  await page.goto(at(puppet, "breaker/payment"));
  const change = page.getByRole("row").filter({ hasText: "failure rate" });
  await change.getByText("50.0% ≥ 50.0%").waitFor();
  await change.getByText("2 of 4 failed (50.0%)").waitFor();
  await change.getByText("http error").waitFor();
  const option = (name) => page.locator("dl.names div").filter({ hasText: name }).locator("dd");
  assert.equal(await option("open_duration").first().innerText(), "30 s");
  assert.equal(await option("failure_rate").first().innerText(), "50.0%");
  assert.equal(await option("half_open.permitted_calls").innerText(), "2");
});

await test("draws what the page itself has seen when the program keeps no history, and says so in one line", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "breaker/payment?span=24h"));
  await page.getByText("This program keeps no history").waitFor();
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByText("A history is not configured").waitFor();
  await page.getByRole("img", { name: /^Calls, .*: calls at most/ }).waitFor();
  await page.getByText("As a table").click();
  await puppet.tell("calls", "payment", 8);
  await page.getByRole("group", { name: "Values of the charts" }).getByText(/^[1-9][\d.]*\/s$/).first().waitFor();
});

await test("says of a list of reports that it is empty, and not that nothing was found", async ({ page, puppet }) => {
  await page.goto(at(puppet, "reports"));
  await page.getByText("The program has no circuit breakers.").waitFor();
  assert.equal(await page.getByRole("searchbox").count(), 0);
  await puppet.tell("add", "payment");
  await page.getByRole("columnheader", { name: "Opened" }).waitFor();
  await page.getByRole("searchbox").fill("inventory");
  await page.getByText("No circuit breaker matches.").waitFor();
});

await test("says in one line what an embedded server does not have", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "alerts"));
  await page.getByText("Alerts are not configured in this program.").waitFor();
  await page.getByRole("link", { name: "Services" }).click();
  await page.getByText("Services are not configured: this program has breakers only.").waitFor();
});

await test("sends commands only after asking what they will do", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "breaker/payment"));
  const state = async () => (await (await fetch(`${puppet.url}/circuit-breakers/payment`)).json()).state;
  await page.getByRole("button", { name: "Force open" }).click();
  const dialog = page.getByRole("dialog", { name: "Force open: payment" });
  await dialog.getByText("Every call is refused, until an operator's next command.").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await state(), "closed", "it was cancelled");
  await page.getByRole("button", { name: "Force open" }).click();
  await dialog.getByRole("button", { name: "Force open" }).click();
  await page.getByText("An operator refuses every call until reset.").waitFor();
  assert.equal(await state(), "forced_open");
  for (const [word, told] of [["Disable", "Every call passes, nothing is recorded."], ["Metrics only", "metrics only"]]) {
    await page.getByRole("button", { name: word }).click();
    await page.getByRole("dialog").getByRole("button", { name: word }).click();
    await page.getByText(told, { exact: true }).waitFor();
  }
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await page.getByText("metrics only", { exact: true }).waitFor({ state: "detached" });
});

await test("keeps the span in the address, also one between two instants, and goes back through them", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "breaker/payment?from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z"));
  await page.getByText("This program keeps no history").waitFor();
  await page.goto(at(puppet, "breaker/payment?span=nonsense"));
  await page.getByText("A history is not configured").waitFor();
  await page.goBack();
  await page.getByText("This program keeps no history").waitFor();
});

await test("shows hostile names as text on every page", async ({ page, puppet }) => {
  const hostile = ["<img src=x onerror=alert(1)>", "javascript:alert(1)", "../../reload?x=#/breaker", "\u202Eoben", "%00%2F", "__proto__",
                   "constructor", "a".repeat(300)];
  let alerted = false;
  page.on("dialog", (dialog) => {
    alerted = true;
    void dialog.dismiss();
  });
  for (const name of hostile) {
    await puppet.tell("add", name);
    await puppet.tell("tag", name, "team", "<b>x</b>");
  }
  for (const view of ["cards", "table"]) {
    await page.goto(at(puppet, `?view=${view}`));
    for (const name of hostile) await page.getByRole("link", { name, exact: true }).first().waitFor();
  }
  for (const name of hostile) {
    await page.goto(at(puppet, `breaker/${encodeURIComponent(name)}`));
    await heading(page, name).waitFor();
    await page.getByText("team=<b>x</b>", { exact: true }).waitFor();
    for (const other of ["service", "report"]) {
      await page.goto(at(puppet, `${other}/${encodeURIComponent(name)}`));
      await heading(page, name).waitFor();
    }
    const box = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(box, `${name} widens the page`);
  }
  assert.equal(await page.locator("main img, main b b").count(), 0);
  assert.equal(alerted, false);
});

await test("says which page does not exist, and which breaker", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  for (const hash of ["nowhere", "breaker/", "breaker/a/b", "breaker/%E0%A4%A", "alerts/7", "__proto__"]) {
    await page.goto(at(puppet, hash));
    await heading(page, "This page does not exist").waitFor();
  }
  await page.goto(at(puppet, "breaker/removed"));
  await page.getByText("The program has no circuit breaker of that name.").waitFor();
  await page.getByRole("link", { name: "All breakers" }).click();
  await card(page, "payment", "Closed").waitFor();
});

await test("survives a restart of its server on the page where it is, and says how old its picture is meanwhile", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "breaker/payment?span=5m"));
  await live(page);
  await puppet.down();
  await page.getByText("Connection lost.").waitFor();
  await page.getByText(/\(\d+ s old\)/).waitFor();
  await heading(page, "payment").waitFor();
  await puppet.up();
  await puppet.tell("add", "payment");
  await puppet.tell("failures", "payment", 4);
  await live(page);
  await page.getByText("Connection lost.").waitFor({ state: "detached" });
  await page.locator(".pagehead").getByText("Open", { exact: true }).waitFor();
  assert.ok(page.url().endsWith("#/breaker/payment?span=5m"));
  assert.equal(await page.getByText("another version").count(), 0);
}, { expectedConsole: gone, start: lasting });

await test("says when the server that came back has another dashboard", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  let tag = '"one"';
  await page.route("**/dashboard/dashboard.js", (route) =>
    route.request().method() === "HEAD" ? route.fulfill({ headers: { ETag: tag } }) : route.continue());
  await page.goto(at(puppet));
  await live(page);
  tag = '"two"';
  await puppet.down();
  await page.getByText("Connection lost.").waitFor();
  await puppet.up();
  await page.getByText("The server was replaced by another version.").waitFor();
  await page.getByRole("button", { name: "Load its dashboard" }).click();
  await live(page);
}, { expectedConsole: gone, start: lasting });

await finish();
