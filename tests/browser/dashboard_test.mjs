// The overview in a real browser against a real admin server: its cards, and commands to a breaker.
//   node dashboard_test.mjs PUPPET
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { becomes, card, finish, gone, test } from "./harness.mjs";

await test("opens under its content security policy and shows every breaker", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await puppet.tell("add", "inventory");
  const response = await page.goto(`${puppet.url}/dashboard`);
  const policy = response.headers()["content-security-policy"];
  for (const directive of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                           "img-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"]) {
    assert.ok(policy.includes(directive), `${directive} is missing in ${policy}`);
  }
  assert.ok(!policy.includes("unsafe"));
  await card(page, "payment", "Closed").waitFor();
  await card(page, "inventory", "Closed").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("Healthy", { exact: true }).waitFor();
});

await test("says so when there are no breakers, and shows one that appears and goes", async ({ page, puppet }) => {
  await page.goto(`${puppet.url}/dashboard`);
  await page.getByText("No circuit breakers yet").waitFor();
  await puppet.tell("add", "payment");
  await card(page, "payment", "Closed").waitFor();
  await puppet.tell("remove", "payment");
  await page.getByText("No circuit breakers yet").waitFor();
});

await test("shows a breaker opening within one second of its trip, with the rule and the value", async ({ page, puppet }) => {
  for (const name of ["inventory", "payment"]) await puppet.tell("add", name);
  await page.goto(`${puppet.url}/dashboard`);
  // A busy machine may hold up any one of them; a page that takes a second by itself takes it every time.
  const latencies = [];
  let tripped;
  while (latencies.length < 5 && !(latencies.at(-1) < 1000)) {
    await puppet.tell("remove", "payment");
    await card(page, "payment").waitFor({ state: "detached" });
    await puppet.tell("add", "payment");
    await card(page, "payment", "Closed").waitFor();
    const shown = card(page, "payment", "Open").waitFor().then(() => performance.now());
    tripped = performance.now();
    await puppet.tell("failures", "payment", 6);
    latencies.push((await shown) - tripped);
  }
  console.log(`        the page showed it after ${latencies.map((each) => each.toFixed(0))} ms`);
  assert.ok(latencies.at(-1) < 1000, `it took ${latencies} ms`);
  const open = card(page, "payment", "Open");
  await open.getByText("failure rate", { exact: true }).waitFor();
  await open.getByText("100.0% ≥ 50.0%").waitFor();
  const left = parseFloat(await open.getByText(/^\d\d\.\d s$/).innerText());
  const latest = 30 - (performance.now() - tripped) / 1000;
  assert.ok(left <= 30 && left >= latest - 1, `${left} s are left of 30, after ${30 - latest} s`);
  await open.getByText("2 in all").waitFor();
  await becomes(page, () => page.getByRole("article").first().getAttribute("aria-label"), "payment: Open", "worst first");
  await page.waitForFunction(() => document.title === "1 open – Switchgear");
  await page.getByText("payment: Closed to Open, failure rate 100.0% ≥ 50.0%").first().waitFor({ state: "attached" });
  await page.getByText("Unhealthy", { exact: true }).waitFor();
});

await test("counts down to the next probe by itself", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await puppet.tell("failures", "payment", 4);
  await page.goto(`${puppet.url}/dashboard`);
  const left = page.locator(".phase b");
  await left.waitFor();
  const first = parseFloat(await left.innerText());
  await page.waitForFunction((before) => parseFloat(document.querySelector(".phase b").textContent) <= before - 1, first);
});

await test("shows the probes of a half-open breaker", async ({ page, puppet }) => {
  await puppet.tell("quick", "payment");
  await puppet.tell("failures", "payment", 4);
  await page.goto(`${puppet.url}/dashboard`);
  await page.getByText("with the next call").waitFor();
  await puppet.tell("probe", "payment");
  const half = card(page, "payment", "Half-open");
  await half.getByText("0 passed, 0 failed, 1 under way of 2").waitFor();
  await puppet.tell("calls", "payment", 1);
  await half.getByText("1 passed, 0 failed, 1 under way of 2").waitFor();
  await becomes(page, () => half.locator(".probes i.passed").count(), 1);
  await becomes(page, () => half.locator(".probes i.flying").count(), 1);
});

/// Presses a card's button and says yes to what it asks.
async function command(page, name, word) {
  await page.getByRole("button", { name: `${word} ${name}` }).click();
  await page.getByRole("dialog", { name: `${word}: ${name}` }).getByRole("button", { name: word, exact: true }).click();
}

await test("resets a breaker", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await puppet.tell("failures", "payment", 4);
  await page.goto(`${puppet.url}/dashboard`);
  await card(page, "payment", "Open").waitFor();
  await command(page, "payment", "Reset");
  await card(page, "payment", "Closed").waitFor();
  const seen = await (await fetch(`${puppet.url}/circuit-breakers/payment`)).json();
  assert.equal(seen.state, "closed");
  assert.equal(seen.transitions[0].rule, "operator");
});

await test("sends a command of a card only after asking what it will do, whatever a double click hits", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(`${puppet.url}/dashboard`);
  for (const [word, told] of [["Reset", "It closes with an empty window"], ["Force open", "Every call is refused"]]) {
    await page.getByRole("button", { name: `${word} payment` }).dblclick();
    const dialog = page.getByRole("dialog", { name: `${word}: payment` });
    await dialog.getByText(told).waitFor();
    // As if the second of the two clicks had hit the button that sends it.
    await dialog.getByRole("button", { name: word, exact: true }).hover();
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  const { state, transitions } = await (await fetch(`${puppet.url}/circuit-breakers/payment`)).json();
  assert.deepEqual([state, transitions], ["closed", []], "nothing was sent");
  await command(page, "payment", "Force open");
  await card(page, "payment", "Forced open").waitFor();
});

await test("goes on asking while the card that was pressed moves to another place", async ({ page, puppet }) => {
  for (const name of ["inventory", "payment"]) await puppet.tell("add", name);
  await page.goto(`${puppet.url}/dashboard`);
  await page.getByRole("button", { name: "Force open payment" }).click();
  const dialog = page.getByRole("dialog", { name: "Force open: payment" });
  await dialog.waitFor();
  await puppet.tell("failures", "payment", 4);
  await becomes(page, () => page.getByRole("article", { includeHidden: true }).first().getAttribute("aria-label"), "payment: Open");
  assert.ok(await dialog.evaluate((each) => each.matches(":modal")), "the dialog is open, and the only thing that can be used");
  await dialog.getByRole("button", { name: "Force open" }).click();
  await card(page, "payment", "Forced open").waitFor();
});

await test("asks for the token once, says when it is wrong, and keeps it for the tab", async ({ page, puppet }) => {
  for (const name of ["inventory", "payment"]) await puppet.tell("add", name);
  await puppet.tell("failures", "payment", 4);
  await puppet.tell("failures", "inventory", 4);
  await page.goto(`${puppet.url}/dashboard`);
  await command(page, "payment", "Reset");
  await page.getByRole("textbox", { name: "Token" }).fill("guess");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("That token was not accepted. The right one is kept in this tab until you close it.").waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill("correct horse");
  await page.getByRole("button", { name: "Go on" }).click();
  await card(page, "payment", "Closed").waitFor();
  await page.reload();
  await command(page, "inventory", "Reset");
  await card(page, "inventory", "Closed").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0, "it asked again");
}, { token: "correct horse", expectedConsole: [/401 \(Unauthorized\)/] });

await test("shows a name made of markup as text", async ({ page, puppet }) => {
  const name = "<img src=x onerror=alert(1)>";
  let alerted = false;
  page.on("dialog", (dialog) => {
    alerted = true;
    void dialog.dismiss();
  });
  await puppet.tell("add", name);
  await puppet.tell("failures", name, 4);
  await page.goto(`${puppet.url}/dashboard`);
  await page.getByRole("heading", { name, exact: true }).waitFor();
  assert.equal(await page.locator("article h2").innerText(), name);
  assert.equal(await page.locator("article img, .feed img").count(), 0);
  await command(page, name, "Reset");
  await card(page, name, "Closed").waitFor();
  assert.equal(alerted, false);
});

await test("says when the connection is lost", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  await page.goto(`${puppet.url}/dashboard`);
  await card(page, "payment", "Closed").waitFor();
  await puppet.stop();
  await page.getByText("Connection lost.").waitFor();
  await page.getByText("Not connected").waitFor();
  await card(page, "payment", "Closed").waitFor();
  // What was known last is grey, also how everything stood together and the head of a breaker's page.
  const grey = (selector) => page.locator(selector).evaluate((each) => getComputedStyle(each).filter);
  assert.match(await grey(".overall"), /saturate/);
  await card(page, "payment", "Closed").getByRole("link", { name: "payment" }).click();
  await page.getByRole("heading", { level: 1, name: "payment" }).waitFor();
  assert.match(await grey(".pagehead"), /saturate/);
}, { expectedConsole: gone });

await test("connects again by itself after the stream broke", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  let broken = 0;
  let mend;
  const mended = new Promise((resolve) => { mend = resolve; });
  await page.route("**/events", async (route) => {
    if (broken++ === 0) return route.fulfill({ status: 503 });
    await mended;
    return route.continue();
  });
  await page.goto(`${puppet.url}/dashboard`);
  await page.getByText("Connection lost.").waitFor();
  mend();
  await page.getByText("Live", { exact: true }).waitFor();
  await card(page, "payment", "Closed").waitFor();
  assert.equal(await page.getByText("Connection lost.").count(), 0);
}, { expectedConsole: [/503/] });

await test("fits 400 and 1600 pixels, in light and in dark", async ({ page, puppet }) => {
  for (const name of ["payment", "a-very-long-name-".repeat(8), "inventory"]) await puppet.tell("add", name);
  await puppet.tell("failures", "payment", 4);
  await page.goto(`${puppet.url}/dashboard`);
  await card(page, "payment", "Open").waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.querySelector(".card")).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByText("Live", { exact: true }).waitFor();
  const light = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.notEqual(light, dark);
  assert.ok(await background());
  for (const [width, columns] of [[400, 1], [1600, 3]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForFunction((wanted) => {
      const tops = new Set([...document.querySelectorAll(".card")].map((each) => each.getBoundingClientRect().left));
      return tops.size === wanted && document.documentElement.scrollWidth <= innerWidth;
    }, columns);
  }
});

await finish();
