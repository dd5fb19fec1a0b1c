// One browser for a file of tests, and for each test a server and a page of its own.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { launchBrowser } from "./browser.mjs";
import { startPuppet } from "./puppet.mjs";

const browser = await launchBrowser();
let failed = 0;

/// One test; anything on the console or refused by the content security policy fails it. `start` makes the server: it has a `url`
/// and a `stop()`.
export async function test(sentence, body, { token, expectedConsole = [], viewport = { width: 1280, height: 800 }, start } = {}) {
  const server = await (start ? start() : startPuppet(process.argv[2], ...(token ? ["--token", token] : [])));
  const context = await browser.newContext({ viewport, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
  });
  try {
    await body({ page, puppet: server, server });
    assert.deepEqual(await page.evaluate(() => window.violations), [], "refused by the content security policy");
    const unexpected = complaints.filter((each) => !expectedConsole.some((pattern) => pattern.test(each)));
    assert.deepEqual(unexpected, [], "said on the console");
    console.log(`ok      ${sentence}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${sentence}\n${error.stack}\nconsole: ${JSON.stringify(complaints)}`);
  } finally {
    await context.close();
    await server.stop();
  }
}

/// After the last test.
export async function finish() {
  await browser.close();
  if (failed > 0) {
    console.log(`${failed} failed`);
    process.exit(1);
  }
}

/// Waits until what `read()` finds on the page is what is wanted. A page that has one thing of an answer need not have the others yet.
export async function becomes(page, read, wanted, message) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const found = await read();
    if (isDeepStrictEqual(found, wanted)) return;
    if (performance.now() > deadline) assert.deepEqual(found, wanted, message);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/// A page of the dashboard: `at(server, "breaker/payment?span=6h")`.
export const at = (server, hash = "") => `${server.url}/dashboard#/${hash}`;

export const card = (page, name, state) => page.getByRole("article", { name: state ? `${name}: ${state}` : `${name}:` });
export const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
export const live = (page) => page.getByText("Live", { exact: true }).waitFor();

/// What the browser says when its server is gone.
export const gone = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|net::ERR/];
