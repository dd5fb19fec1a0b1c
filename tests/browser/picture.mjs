// Takes pictures of the dashboard: dashboard.png for the README, and the page in other states, sizes and colours for whoever
// changes it to look at.
//   node picture.mjs PUPPET FOLDER
import { join } from "node:path";
import { launchBrowser } from "./browser.mjs";
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

const readme = scene({ width: 1180, height: 640 }, 1.5, async ({ puppet, page }) => {
  const names = ["inventory", "payment", "recommendation"];
  for (const name of names) await puppet.tell("add", name);
  await traffic(puppet, names, 60 * 4, async (tick) => {
    if (tick > 44 * 4 && tick < 46 * 4) await puppet.tell("failures", "payment", 30);
  });
  await take(page, "dashboard");
});

const every = scene({ width: 1600, height: 900 }, 1, async ({ puppet, page, post }) => {
  await page.waitForSelector(".empty h2");
  await take(page, "empty");
  const names = ["payment", "inventory", "recommendation", "authentication", "search index", "analytics"];
  for (const name of names) await puppet.tell("add", name);
  await post("search index", "disable");
  await post("analytics", "metrics-only");
  await traffic(puppet, names, 100, async (tick) => {
    if (tick > 60 && tick < 64) await puppet.tell("failures", "payment", 40);
    if (tick === 80) await post("authentication", "force-open");
  });
  await take(page, "wide-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await traffic(puppet, names, 5);
  await take(page, "wide-dark");
  await page.setViewportSize({ width: 400, height: 900 });
  await traffic(puppet, names, 5);
  await take(page, "narrow-dark", true);
  await page.emulateMedia({ colorScheme: "light" });
  await puppet.stop();
  await page.waitForSelector(".banner");
  await take(page, "narrow-lost");
});

await Promise.all([readme, every]);
await browser.close();
