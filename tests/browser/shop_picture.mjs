// Takes the picture of docs/shop.md from a real demo, while payment's breaker is open.
//   node shop_picture.mjs SWITCHGEAR FOLDER
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { launchBrowser } from "./browser.mjs";

const [, , binary, folder] = process.argv;
const demo = spawn(binary, ["demo", "--for", "60s", "--seed", "7"], { stdio: ["ignore", "pipe", "inherit"] });
let told = "";
demo.stdout.on("data", (piece) => (told += piece));
const hear = async (what) => {
  while (!what.test(told)) await once(demo.stdout, "data");
  return told.match(what);
};

const browser = await launchBrowser();
const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, deviceScaleFactor: 1.1, colorScheme: "light" });
const page = await context.newPage();
await page.goto((await hear(/dashboard +(\S+)\n/))[1]);
await hear(/shielded/);
await page.screenshot({ path: join(folder, "shop.png") });
await browser.close();
demo.kill("SIGTERM");
