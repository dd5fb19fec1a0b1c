// The overview's list in a real browser: search, filters, order, the address that keeps them, many breakers.
//   node overview_test.mjs PUPPET
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { at, becomes, card, finish, live, row, test } from "./harness.mjs";

const table = (page) => page.getByRole("table", { name: "Circuit breakers" });
const names = (page) => table(page).locator("tbody th a").allInnerTexts();
/// Waits until the first rows have these names.
const begins = (page, wanted) =>
  page.waitForFunction(
    (expected) => {
      const seen = [...document.querySelectorAll("table.list tbody th a")].slice(0, expected.length).map((each) => each.innerText);
      return JSON.stringify(seen) === JSON.stringify(expected);
    },
    wanted,
  );

await test("shows few breakers as cards and many as a table, and either when asked to", async ({ page, puppet }) => {
  await puppet.tell("crowd", 24);
  await page.goto(at(puppet));
  await card(page, "service-0000", "Closed").waitFor();
  await page.getByRole("button", { name: "Table" }).click();
  await row(page, "service-0000").waitFor();
  assert.match(page.url(), /view=table/);
  await page.getByRole("button", { name: "Table" }).click();
  await card(page, "service-0000", "Closed").waitFor();
  await puppet.tell("add", "one more");
  await row(page, "one more").waitFor();
  await page.getByRole("button", { name: "Cards" }).click();
  await card(page, "one more", "Closed").waitFor();
});

await test("finds breakers by a part of their name, and says how many", async ({ page, puppet }) => {
  await puppet.tell("crowd", 40);
  await puppet.tell("add", "Payment EU");
  await page.goto(at(puppet));
  await page.getByText("41 breakers", { exact: true }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("payment");
  await page.getByText("1 of 41", { exact: true }).waitFor();
  await becomes(page, () => names(page), ["Payment EU"]);
  assert.match(page.url(), /q=payment/);
  await page.keyboard.press("Escape");
  await page.getByText("41 breakers", { exact: true }).waitFor();
  assert.doesNotMatch(page.url(), /q=/);
  await page.getByRole("searchbox").fill("nothing has this name");
  await page.getByText("No circuit breaker matches.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByText("41 breakers", { exact: true }).waitFor();
});

await test("filters by state and by tag", async ({ page, puppet }) => {
  await puppet.tell("crowd", 30);
  await puppet.tell("failures", "service-0003", 4);
  await puppet.tell("failures", "service-0004", 4);
  await puppet.tell("tag", "service-0004", "team", "checkout");
  await puppet.tell("tag", "service-0005", "team", "search");
  await page.goto(at(puppet));
  await page.getByRole("button", { name: /^Open/ }).click();
  await begins(page, ["service-0003", "service-0004"]);
  await page.getByText("2 of 30", { exact: true }).waitFor();
  await page.getByRole("combobox", { name: "Filter by tag" }).selectOption("team=checkout");
  await page.getByText("1 of 30", { exact: true }).waitFor();
  await becomes(page, () => names(page), ["service-0004"]);
  await page.getByRole("button", { name: /^Open/ }).click();
  await page.getByRole("combobox", { name: "Filter by tag" }).selectOption("team=search");
  await begins(page, ["service-0005"]);
});

await test("puts the worst first, and follows a breaker that opens", async ({ page, puppet }) => {
  await puppet.tell("crowd", 30);
  await page.goto(at(puppet));
  await begins(page, ["service-0000", "service-0001"]);
  await puppet.tell("failures", "service-0017", 4);
  await begins(page, ["service-0017", "service-0000"]);
});

await test("sorts by a column, the other way round when it is chosen again, and says so to screen readers", async ({ page, puppet }) => {
  await puppet.tell("crowd", 30);
  await page.goto(at(puppet));
  const header = table(page).getByRole("columnheader", { name: "Breaker" });
  await header.getByRole("button").click();
  await begins(page, ["service-0000"]);
  await becomes(page, () => header.getAttribute("aria-sort"), "ascending");
  await header.getByRole("button").click();
  await begins(page, ["service-0029", "service-0028"]);
  await becomes(page, () => header.getAttribute("aria-sort"), "descending");
  assert.match(page.url(), /sort=name&down=1/);
  // By a figure: a breaker whose calls all fail comes first.
  await puppet.tell("failures", "service-0012", 2);
  await page.getByRole("combobox", { name: "Sort by" }).selectOption("failure_rate");
  await begins(page, ["service-0012"]);
});

await test("opens from an address with its search, filters and order", async ({ page, puppet }) => {
  await puppet.tell("crowd", 30);
  await puppet.tell("failures", "service-0003", 4);
  await page.goto(at(puppet, "?q=000&state=closed&sort=name&down=1&view=table"));
  await begins(page, ["service-0009", "service-0008"]);
  assert.equal(await page.getByRole("searchbox").inputValue(), "000");
  assert.equal(await page.getByRole("button", { name: /^Closed/ }).getAttribute("aria-pressed"), "true");
  assert.ok(!(await names(page)).includes("service-0003"));
});

await test("draws only the rows in sight of a thousand, all of which can be reached", async ({ page, puppet }) => {
  await puppet.tell("crowd", 1000);
  await page.goto(at(puppet));
  await begins(page, ["service-0000"]);
  assert.equal(await table(page).getAttribute("aria-rowcount"), "1001");
  assert.ok((await names(page)).length < 80);
  await page.evaluate(() => scrollTo(0, document.querySelector("table.list").getBoundingClientRect().bottom + scrollY - innerHeight));
  await row(page, "service-0999").waitFor();
  assert.equal(await row(page, "service-0999").getAttribute("aria-rowindex"), "1001");
  assert.ok((await names(page)).length < 80);
  // The arrow keys go from row to row, past the end of what was drawn.
  await page.evaluate(() => scrollTo(0, 0));
  await row(page, "service-0000").getByRole("link").focus();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("ArrowDown");
    const next = `service-${String(i + 1).padStart(4, "0")}`;
    await page.waitForFunction((name) => document.activeElement?.textContent === name, next);
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "service-0060" }).waitFor();
});

await test("keeps up with keys that come faster than rows are drawn", async ({ page, puppet }) => {
  await puppet.tell("crowd", 1000);
  await page.goto(at(puppet));
  await begins(page, ["service-0000"]);
  await row(page, "service-0000").getByRole("link").focus();
  const press = (key, times) =>
    page.evaluate(
      ([key, times]) => {
        for (let i = 0; i < times; i++) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      },
      [key, times],
    );
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await press("ArrowDown", 100);
  await becomes(page, focused, "service-0100");
  await press("ArrowUp", 70);
  await becomes(page, focused, "service-0030");
  await press("End", 1);
  await becomes(page, focused, "service-0999");
  await press("Home", 1);
  await becomes(page, focused, "service-0000");
});

await test("leaves the focus on its breaker when the order changes", async ({ page, puppet }) => {
  await puppet.tell("crowd", 100);
  await page.goto(at(puppet));
  await begins(page, ["service-0000"]);
  await row(page, "service-0005").getByRole("link").focus();
  await puppet.tell("failures", "service-0009", 4);
  await begins(page, ["service-0009", "service-0000"]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "service-0005");
  await puppet.tell("failures", "service-0005", 4);
  await begins(page, ["service-0005", "service-0009"]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "service-0005");
});

await test("says that changes are missing when they came faster than the server could pass them on", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(at(puppet));
  await live(page);
  // The server stands still for more events than it remembers: two for each breaker of the crowd.
  await puppet.tell("hold");
  const ready = fetch(`${puppet.url}/readyz`);
  await puppet.tell("held");
  await puppet.tell("crowd", 600);
  await puppet.tell("release");
  await ready;
  await page.getByText(/^\d+ events are missing here: they came faster/).waitFor();
  await page.getByText("601 breakers", { exact: true }).waitFor();
});

await finish();
