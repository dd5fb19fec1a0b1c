// Takes pictures of every page of the dashboard in other states, sizes and colours, to look at after a change. Those of the
// documents are taken by docs_pictures.mjs.
//   node picture.mjs PUPPET FOLDER [SWITCHGEAR]
import { join } from "node:path";
import { launchBrowser } from "./browser.mjs";
import { startGateway } from "./gateway.mjs";
import { startPuppet } from "./puppet.mjs";

const [, , binary, folder] = process.argv;
const browser = await launchBrowser();
const take = (page, name, fullPage = false) => page.screenshot({ path: join(folder, `${name}.png`), fullPage });

/// Lets time pass in quarters of a second, with traffic that looks like traffic.
async function traffic(puppet, names, quarters, also = async () => {}) {
  for (let tick = 0; tick < quarters; tick++) {
    for (const [i, name] of names.entries()) {
      const wave = 14 + 4 * i + 5 * Math.sin(tick / 9 + i) + 2 * Math.sin(tick / 2.3 + 2 * i);
      await puppet.tell("calls", name, Math.round(wave));
      if ((tick + 3 * i) % (7 + i) === 0) await puppet.tell("failures", name, 1 + (tick % 2));
    }
    await also(tick);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function scene(viewport, deviceScaleFactor, body) {
  const puppet = await startPuppet(binary);
  const context = await browser.newContext({ viewport, deviceScaleFactor });
  const page = await context.newPage();
  page.on("console", (message) => console.log("console:", message.text()));
  page.on("pageerror", (error) => console.log("error:", error.message));
  const post = (name, command) =>
    fetch(`${puppet.url}/circuit-breakers/${encodeURIComponent(name)}/${command}`, { method: "POST" });
  try {
    await page.goto(`${puppet.url}/dashboard`);
    await body({ puppet, page, post });
  } finally {
    await context.close();
    await puppet.stop();
  }
}

/// Every page, light and dark, wide and narrow.
async function everyPage(page, at, pages) {
  for (const [name, hash] of Object.entries(pages)) {
    for (const [size, viewport] of Object.entries({ wide: { width: 1280, height: 800 }, narrow: { width: 400, height: 800 } })) {
      await page.setViewportSize(viewport);
      await page.goto(at(hash));
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await take(page, `${name}-${size}-${colorScheme}`, size === "narrow");
      }
    }
  }
}

const every = scene({ width: 1600, height: 900 }, 1, async ({ puppet, page, post }) => {
  await page.waitForSelector(".empty h2");
  await take(page, "empty");
  const names = ["payment", "inventory", "recommendation", "authentication", "search index", "analytics", "a-very-long-name-".repeat(8)];
  for (const name of names) await puppet.tell("add", name);
  await puppet.tell("tag", "payment", "team", "checkout");
  await puppet.tell("tag", "inventory", "team", "stock");
  await post("search index", "disable");
  await post("analytics", "metrics-only");
  await traffic(puppet, names, 100, async (tick) => {
    if (tick > 60 && tick < 64) await puppet.tell("failures", "payment", 40);
    if (tick === 80) await post("authentication", "force-open");
  });
  await take(page, "cards-1600");
  await everyPage(page, (hash) => `${puppet.url}/dashboard#/${hash}`, {
    cards: "", table: "?view=table", breaker: "breaker/payment", "long-name": `breaker/${names.at(-1)}`, services: "services", alerts: "alerts",
  });
  await page.goto(`${puppet.url}/dashboard#/`);
  await puppet.stop();
  await page.waitForSelector(".banner");
  await take(page, "lost");
});

const thousand = scene({ width: 1280, height: 800 }, 1, async ({ puppet, page }) => {
  await puppet.tell("crowd", 1000);
  await puppet.tell("failures", "service-0100", 4);
  for (let i = 0; i < 40; i++) {
    await puppet.tell("stir", 1 + (i % 4));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await everyPage(page, (hash) => `${puppet.url}/dashboard#/${hash}`, { thousand: "" });
});

await Promise.all([every, thousand]);

// With a gateway as a third argument: the pages that only it fills.
const gateway = process.argv[4];
if (gateway) {
  const server = await startGateway(gateway, (port) => `
version: 1
gateway: {threads: 1}
history: {resolution: 1s}
alerts: {channels: {book: {log: {}}}}
policies:
  careful:
    timeout: 5s
    retry: {max_attempts: 2}
    bulkhead: {max_concurrent: 20}
    rate_limiter: {rate: 1000}
    cache: {ttl: 1s}
    circuit_breaker: {minimum_calls: 4, failure_rate: 0.5, open_duration: 20s, half_open: {permitted_calls: 2}}
  again: {timeout: 5s, retry: {max_attempts: 2}, bulkhead: {max_concurrent: 5}, circuit_breaker: {failure_rate: 0.5}}
services:
  payment: {url: "http://127.0.0.1:${port}", policy: careful, routes: [{prefix: /payment/}]}
  inventory: {url: "http://127.0.0.1:${port}", policy: careful, routes: [{prefix: /inventory/}]}
  tenants: {url: "http://127.0.0.1:${port}", policy: careful, by: {header: x-tenant},
            routes: [{prefix: /tenants/}, {prefix: /tenants/pay, policy: again}, {path: /tenants/socket, upgrade: [websocket]}]}
`);
  const page = await (await browser.newContext()).newPage();
  for (let i = 0; i < 240; i++) {
    await server.send(`/payment/${i}/${i > 100 && i < 130 ? "fail" : "ok"}`, 1 + (i % 4));
    await server.send(`/inventory/${i}/ok`, 2);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await server.send("/tenants/pay/ok", 2);
  await server.upgrade("/tenants/socket");
  for (const tenant of ["acme", "a&b 100%", "quiet"])
    await server.send(tenant === "quiet" ? "/tenants/ok" : "/tenants/fail", 4, { headers: { "x-tenant": tenant } });
  await everyPage(page, (hash) => `${server.url}/dashboard#/${hash}`, {
    "gateway-tenants": "service/tenants", "gateway-breaker": "breaker/payment", "gateway-services": "services", "gateway-service": "service/payment",
    "gateway-alerts": "alerts", "gateway-report": "report/payment",
  });
  await server.stop();
}
await browser.close();
