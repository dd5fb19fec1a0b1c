// Takes pictures of the dashboard with breakers in every state: for the README, and for whoever changes the page to look at.
//   node picture.mjs PUPPET FOLDER
import { join } from "node:path";
import { launchBrowser } from "./browser.mjs";
import { startPuppet } from "./puppet.mjs";

const [, , binary, folder] = process.argv;
const puppet = await startPuppet(binary);
const browser = await launchBrowser();
const post = (name, command) => fetch(`${puppet.url}/circuit-breakers/${encodeURIComponent(name)}/${command}`, { method: "POST" });

try {
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  page.on("console", (message) => console.log("console:", message.text()));
  page.on("pageerror", (error) => console.log("error:", error.message));
  await page.goto(`${puppet.url}/dashboard`);
  await page.waitForSelector(".empty h2");
  await page.screenshot({ path: join(folder, "empty.png") });

  const names = ["payment", "inventory", "recommendation", "authentication", "search index", "analytics"];
  for (const name of names) await puppet.tell("add", name);
  await post("search index", "disable");
  await post("analytics", "metrics-only");
  const seconds = Number(process.env.SECONDS ?? 26);
  for (let tick = 0; tick < seconds * 4; tick++) {
    const wave = Math.round(14 + 6 * Math.sin(tick / 9));
    for (const name of names) await puppet.tell("calls", name, wave + names.indexOf(name) * 3);
    await puppet.tell("failures", "recommendation", 2 + (tick % 3));
    if (tick > seconds * 2 && tick < seconds * 2 + 8) await puppet.tell("failures", "payment", 30);
    if (tick === seconds * 3) await post("authentication", "force-open");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await page.screenshot({ path: join(folder, "wide-light.png") });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(1200);
  await page.screenshot({ path: join(folder, "wide-dark.png") });
  await page.setViewportSize({ width: 400, height: 900 });
  await page.waitForTimeout(1200);
  await page.screenshot({ path: join(folder, "narrow-dark.png"), fullPage: true });
  console.log("overflow at 400:", await page.evaluate(() => document.documentElement.scrollWidth));
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Force open inventory" }).click();
  await puppet.stop();
  await page.waitForSelector(".banner");
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, "narrow-lost.png") });
} finally {
  await browser.close();
  await puppet.stop();
}
