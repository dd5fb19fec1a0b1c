// The dashboards of programs that embed the admin server (examples/admin_*.cpp), in a real browser.
//   node embedded_test.mjs PROGRAM…
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { basename } from "node:path";
import { launchBrowser } from "./browser.mjs";

const programs = process.argv.slice(2);
assert.ok(programs.length > 0, "usage: node embedded_test.mjs PROGRAM…");
const browser = await launchBrowser();

/// Starts a program, and reads what it prints until one of its lines is `wanted`.
function start(program) {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line(wanted) {
      while (true) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`${program} ended before it printed ${wanted}`);
        if (wanted.test(value)) return value;
      }
    },
    /// Its exit code: it ends with its input, or is killed by its process id when it does not.
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

async function shownAndOperated(program) {
  const running = start(program);
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  try {
    const dashboard = await running.line(/^http:/);
    const api = dashboard.replace("/dashboard", "");
    const card = (state) => page.getByRole("article", { name: `payment: ${state}` });
    await page.goto(dashboard);
    await card("Closed").waitFor();

    const command = async (word) => {
      await page.getByRole("button", { name: `${word} payment` }).click();
      await page.getByRole("dialog").getByRole("button", { name: word, exact: true }).click();
    };
    await command("Force open");
    await card("Forced open").waitFor();
    // The program's own calls are refused, and the page says so.
    await page.waitForFunction(async (url) => {
      const seen = await (await fetch(url)).json();
      return seen.state === "forced_open" && seen.counters.rejected > 0;
    }, `${api}/circuit-breakers/payment`);

    const metrics = await (await fetch(`${api}/metrics`)).text();
    assert.match(metrics, /^circuit_breaker_state\{circuit="payment",state="forced_open"\} 1$/m);
    assert.match(metrics, /^switchgear_admin_commands_total\{command="force-open",result="done"\} 1$/m);
    if (basename(program).includes("thread")) assert.match(metrics, /^shop_orders_charged_total \d+$/m);
    if (basename(program).includes("asio")) await running.line(/^breaker 'payment' is held open by an operator/);

    await command("Reset");
    await card("Closed").waitFor();
    if (basename(program).includes("asio")) await running.line(/^charged$/);
    assert.deepEqual(complaints, [], "said on the console");
  } finally {
    await page.close();
    assert.equal(await running.stop(), 0, "its exit code");
  }
}

for (const program of programs) {
  await shownAndOperated(program);
  console.log(`ok      ${basename(program)} is shown, opened and reset from its dashboard`);
}
await browser.close();
