// The dashboard for readers who do not see it, do not use a mouse, or want nothing to move.
//   node accessible_test.mjs PUPPET
import assert from "node:assert/strict";
import { expectAccessible } from "./axe.mjs";
import { at, card, finish, live, row, test } from "./harness.mjs";

const states = async (puppet) => {
  for (const name of ["payment", "inventory", "search", "analytics", "<i>mail</i>", "quiet", "a-very-long-name-".repeat(8)]) {
    await puppet.tell("add", name);
    await puppet.tell("tag", name, "team", "shop");
  }
  await puppet.tell("failures", "payment", 4);
  await puppet.tell("calls", "inventory", 40);
  const post = (name, command) => fetch(`${puppet.url}/circuit-breakers/${name}/${command}`, { method: "POST" });
  await post("search", "disable");
  await post("analytics", "metrics-only");
  await post("quiet", "force-open");
};

await test("has nothing that axe finds, on any page, in both colour schemes", async ({ page, puppet }) => {
  await page.goto(at(puppet));
  await live(page);
  await expectAccessible(page, "without breakers");
  await states(puppet);
  await card(page, "payment", "Open").waitFor();
  for (const hash of ["", "?view=table", "?q=nothing", "breaker/payment", "breaker/quiet", "breaker/none", "services", "service/payment",
                      "alerts", "reports", "report/payment", "nowhere"]) {
    await page.goto(at(puppet, hash));
    await live(page);
    await page.getByRole("main").waitFor();
    await expectAccessible(page, `#/${hash}`);
  }
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByText("As a table").click();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").waitFor();
  await expectAccessible(page, "a dialog");
});

await test("has nothing that axe finds while the connection is lost", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet));
  await card(page, "payment", "Closed").waitFor();
  await puppet.stop();
  await page.getByText("Connection lost.").waitFor();
  await expectAccessible(page, "without a server");
}, { expectedConsole: [/net::ERR/] });

await test("can be used with the keyboard alone", async ({ page, puppet }) => {
  await states(puppet);
  await page.goto(at(puppet, "?view=table"));
  await row(page, "inventory").waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "To the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  // From the content's beginning: search, states, selects, view, headings; then the first row.
  for (let i = 0; i < 30 && (await page.evaluate(() => !document.activeElement?.closest("tbody"))); i++) await page.keyboard.press("Tab");
  assert.equal(await focused(), "payment", "worst first");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "where the focus is can be seen");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "quiet" }).waitFor();
  // On another page the focus is at its beginning, not lost in what is gone.
  await page.waitForFunction(() => document.activeElement?.id === "main");
  for (let i = 0; i < 10 && (await focused()) !== "Reset"; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Reset: quiet" }).waitFor();
  assert.equal(await focused(), "Cancel", "the harmless answer comes first");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Closed", { exact: true }).first().waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "Reset");
});

await test("tells screen readers of a change as it happens, on whichever page", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet, "services"));
  await live(page);
  await puppet.tell("failures", "payment", 4);
  await page.locator("[aria-live=polite]").getByText("payment: Closed to Open, failure rate 100.0% ≥ 50.0%").waitFor({ state: "attached" });
});

await test("moves nothing for those who want it so", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(at(puppet));
  await live(page);
  const moving = () => page.evaluate(() => document.getAnimations().length);
  assert.equal(await moving(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.waitForFunction(() => document.getAnimations().length > 0);
});

await test("fits 400 pixels on every page", async ({ page, puppet }) => {
  await states(puppet);
  await page.goto(at(puppet));
  await live(page);
  for (const hash of ["", "?view=table", "breaker/payment", `breaker/${"a-very-long-name-".repeat(8)}`, "services", "service/payment", "alerts",
                      "reports", "report/payment"]) {
    await page.goto(at(puppet, hash));
    await page.getByRole("main").waitFor();
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  }
}, { viewport: { width: 400, height: 800 } });

await finish();
