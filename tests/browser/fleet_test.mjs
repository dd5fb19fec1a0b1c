// The page of a fleet: three gateways that share their breakers through a Redis.
//   node fleet_test.mjs SWITCHGEAR [FOLDER for pictures]
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { join } from "node:path";
import { expectAccessible } from "./axe.mjs";
import { startGateway } from "./gateway.mjs";
import { at, becomes, finish, live, test } from "./harness.mjs";
import { startRedis } from "./redis.mjs";

const [, , binary, folder] = process.argv;

const configuration = (fleet) => (port) => `
version: 1
gateway: {threads: 1}
${fleet}
policies:
  careful: {timeout: 5s, circuit_breaker: {minimum_calls: 4, failure_rate: 0.5, open_duration: 300s}}
services:
  payment: {url: "http://127.0.0.1:${port}", policy: careful, routes: [{prefix: /payment/}]}
  inventory: {url: "http://127.0.0.1:${port}", policy: careful, routes: [{prefix: /inventory/}]}
`;

/// The first one is the test's server; all end with it.
async function startFleet() {
  const redis = await startRedis();
  const text = configuration(`fleet: {redis: "${redis.url}", namespace: shop, fresh: 60s}`);
  const gateways = await Promise.all([1, 2, 3].map(() => startGateway(binary, text)));
  const stop = async () => {
    await Promise.all(gateways.map((each) => each.stop()));
    await redis.stop();
  };
  return { ...gateways[0], gateways, redis, stop };
}

const fleetOf = async (server) => (await fetch(`${server.url}/fleet`)).json();
const region = (page, name) => page.getByRole("region", { name });
const rows = (page, name) => region(page, name).getByRole("table").getByRole("row");

await test("is offered in a fleet alone", async ({ page, server }) => {
  await page.goto(at(server, "services"));
  await live(page);
  await page.getByRole("link", { name: "payment", exact: true }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Fleet" }).count(), 0);
  await page.goto(at(server, "fleet"));
  await page.getByText("This program is not in a fleet").waitFor();
}, { start: () => startGateway(binary, configuration("")) });

await test("shows who votes how, who dissents and why, and who has forced what for how long", async ({ page, server }) => {
  const [first, second, third] = server.gateways;
  await becomes(page, async () => (await fleetOf(first)).members, 3);
  await page.goto(at(server));
  await page.getByRole("link", { name: "Fleet", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
  const overall = region(page, "This process and Redis");
  await overall.getByText("Connected to Redis").waitFor();
  await overall.getByText("shop", { exact: true }).waitFor();
  await region(page, "payment").getByText("Closed").waitFor();

  await third.send("/payment/ok", 10);
  await rows(page, "payment").getByText("It works").waitFor();
  await first.send("/payment/fail", 4);
  await second.send("/payment/fail", 4);
  await region(page, "payment").getByText("2 of 3 with evidence find it down").waitFor();
  await region(page, "payment").getByText("Open", { exact: true }).waitFor();
  await region(page, "payment").getByText(/Open for another \d+ (s|min)/).waitFor();
  await becomes(page, () => rows(page, "payment").getByText("It is down").count(), 2);
  const dissenter = rows(page, "payment").filter({ hasText: "It works" });
  await dissenter.getByText("0 of 10 calls failed").waitFor();
  await dissenter.getByText("goes on calling, because its own calls succeed").waitFor();
  await rows(page, "payment").filter({ hasText: "this process" }).getByText("Its own breaker has opened").waitFor();
  const { epoch } = (await fleetOf(first)).circuits.find(({ circuit }) => circuit === "payment");
  assert.ok(epoch > 0);
  await region(page, "payment").getByText(`Epoch ${epoch}`).waitFor();
  // What has to be looked at comes first.
  assert.deepEqual(await page.getByRole("heading", { level: 2 }).allTextContents(), ["This process and Redis", "payment", "inventory"]);
  await expectAccessible(page, "a circuit that is open for all");

  await page.getByRole("button", { name: "Force open inventory everywhere" }).click();
  await page.getByRole("dialog").getByLabel("For").selectOption("10 minutes");
  await expectAccessible(page, "the dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Force open" }).click();
  await region(page, "inventory").getByText("Forced open").waitFor();
  await region(page, "inventory").getByText(/Held open everywhere by .+ for another (9|10) min/).waitFor();
  await rows(page, "inventory").filter({ hasText: "this process" }).getByText("Refuses: it is held open").waitFor();
  await becomes(page, async () => (await third.send("/inventory/ok"))[0], 503, "the others refuse, too");
  if (folder) {
    for (const [size, viewport] of Object.entries({ wide: { width: 1280, height: 1000 }, narrow: { width: 400, height: 900 } })) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.screenshot({ path: join(folder, `fleet-${size}-${colorScheme}.png`), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  await expectAccessible(page, "a circuit that is forced");
  await page.setViewportSize({ width: 400, height: 800 });
  await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Release inventory everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
  await region(page, "inventory").getByText("Closed").waitFor();
  await becomes(page, async () => (await third.send("/inventory/ok"))[0], 200);

  await server.redis.stop();
  await overall.getByText("Not connected to Redis").waitFor();
}, { start: startFleet });

await finish();
