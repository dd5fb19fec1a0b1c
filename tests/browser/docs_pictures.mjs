// Takes the pictures of README.md and docs/ from a real gateway: dashboard.png, breaker.png, top.png. It takes five minutes, so
// that charts of five minutes are full.
//   node docs_pictures.mjs SWITCHGEAR FOLDER
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "./browser.mjs";
import { startGateway } from "./gateway.mjs";

const [, , binary, folder] = process.argv;
const names = ["inventory", "payment", "recommendation"];
const server = await startGateway(binary, (port) => `
version: 1
gateway: {threads: 1}
history: {resolution: 1s}
alerts: {channels: {book: {log: {}}}}
policies:
  shop:
    timeout: 1s
    circuit_breaker: {window: {type: count, size: 50}, minimum_calls: 20, failure_rate: 0.5, open_duration: 10s, half_open: {permitted_calls: 3}}
services:
${names.map((name) => `  ${name}: {url: "http://127.0.0.1:${port}", policy: shop, routes: [{prefix: /${name}/}]}`).join("\n")}
`);

/// The terminal's side: it goes on showing its page until it is told to write it.
const top = spawn("/usr/bin/python3", [fileURLToPath(new URL("../terminal/picture.py", import.meta.url)), server.url],
                  { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, SWITCHGEAR_BINARY: binary } });
const drawn = new Promise((resolve) => {
  let text = "";
  top.stdout.on("data", (piece) => (text += piece));
  top.stdout.on("end", () => resolve(text));
});

const browser = await launchBrowser();
const open = (viewport, deviceScaleFactor = 1.1) =>
  browser.newContext({ viewport, deviceScaleFactor, colorScheme: "light" }).then((context) => context.newPage());
const overview = await open({ width: 1400, height: 650 });
const breaker = await open({ width: 1400, height: 770 });
await overview.goto(`${server.url}/dashboard`);
await breaker.goto(`${server.url}/dashboard#/breaker/payment?span=5m`);

/// Fails for some seconds in the middle, and at the end.
const failing = (second) => (second > 140 && second < 156) || second > 294;
const refusing = async () => {
  const { state, since } = await (await fetch(`${server.url}/circuit-breakers/payment`)).json();
  return state === "open" && Date.now() - Date.parse(since) > 4000;
};
const begun = performance.now();
for (let tick = 0; ; tick++) {
  const second = (performance.now() - begun) / 1000;
  if (second > 294 && (await refusing())) break;
  await Promise.all(names.map((name, i) => {
    const calls = 6 + i + 3 * Math.sin(tick / 30 + i) + 2 * Math.sin(tick / 4.3 + 2 * i);
    const bad = name === "payment" && (failing(second) || tick % 23 === 22);
    return server.send(`/${name}/${bad ? "fail" : "ok"}`, Math.max(1, Math.round(calls)));
  }));
  await new Promise((resolve) => setTimeout(resolve, 250));
}
await overview.screenshot({ path: join(folder, "dashboard.png") });
await breaker.screenshot({ path: join(folder, "breaker.png") });
top.stdin.write("now\n");
const terminal = await open({ width: 1100, height: 600 }, 1.25);
await terminal.setContent(await drawn);
await terminal.locator("pre").screenshot({ path: join(folder, "top.png") });
await browser.close();
await server.stop();
