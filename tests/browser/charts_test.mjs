// What charts show of the past: states as they were recorded, gaps as gaps. The server is the real one; its history is the test's.
//   node charts_test.mjs PUPPET
// Every wait is bounded by what it waits for; nothing sleeps.
import assert from "node:assert/strict";
import { at, card, finish, gone, live, test } from "./harness.mjs";
import { startLasting, startPuppet } from "./puppet.mjs";

const iso = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString();
const change = (secondsAgo, from, to) => ({
  from, to, at: iso(secondsAgo), generation: 7, rule: "failure_rate", value: 0.52, threshold: 0.5, window: null, last_failure: null,
});

/// `parts`: how long ago each begins and ends, and its state.
function history(length, parts, transitions) {
  const samples = parts.flatMap(([begin, end, state]) =>
    Array.from({ length: (begin - end) / 10 }, (_, i) => ({
      at: iso(begin - 10 * i), length: 10, state, successes: 90, failures: 10, ignored: 0, rejected: 40,
      latency: { mean: 0.02, p50: 0.02, p95: 0.25, p99: 1.5 },
    })));
  return { circuit: "payment", from: iso(length), to: iso(0), step: 10, samples, transitions };
}
const start = (answer) => async () => {
  const puppet = await startPuppet(process.argv[2], "--answers", "yes");
  await puppet.tell("add", "payment");
  await puppet.tell("answer", "/alerts", JSON.stringify({ at: iso(0), alerts: [], silences: [], channels: [], rules: [] }));
  await puppet.tell("answer", "/history", JSON.stringify(answer()));
  return { ...puppet, answered: Date.now() };
};
const chart = (page, title) => page.locator("figure").filter({ has: page.getByRole("heading", { name: title }) });

/// Which parts of a chart are shaded, in hundredths of its width. What is narrower than three pixels is a line.
const shaded = (page, title) =>
  chart(page, title).evaluate((figure) => {
    const canvas = figure.querySelector("canvas");
    const plot = figure.querySelector(".u-over");
    const [box, whole] = [plot.getBoundingClientRect(), canvas.getBoundingClientRect()];
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const rows = [3, 6].map((y) => context.getImageData((box.left - whole.left) * devicePixelRatio, (box.top - whole.top + y) * devicePixelRatio,
                                                        box.width * devicePixelRatio, 1).data);
    const width = rows[0].length / 4;
    const found = [];
    for (let x = 0, begin = null; x <= width; x++) {
      const here = x < width && rows.every((row) => row[4 * x + 3] > 10);
      if (here) begin ??= x;
      else if (begin !== null) {
        if (x - begin >= 3) found.push([begin, x].map((each) => Math.round((100 * each) / width)));
        begin = null;
      }
    }
    // Marks and grid lines have cut them.
    return found.reduce((all, each) => {
      if (all.length > 0 && each[0] - all.at(-1)[1] <= 1) all.at(-1)[1] = each[1];
      else all.push(each);
      return all;
    }, []);
  });
const near = (found, wanted) =>
  assert.ok(found.length === wanted.length && found.every((part, i) => part.every((each, k) => Math.abs(each - wanted[i][k]) <= 2)),
            `shaded ${JSON.stringify(found)} of 100, instead of ${JSON.stringify(wanted)}`);
const seconds = (label) => {
  const [from, to] = [...label.matchAll(/(\d\d):(\d\d):(\d\d)/g)].map(([, h, m, s]) => (+h * 60 + +m) * 60 + +s);
  return (to - from + 86400) % 86400;
};

// Killed twice while open: for five minutes, and for less than a sample. Each time it began anew, closed.
const killed = () =>
  history(3600, [[3600, 2700, "closed"], [2700, 2400, "open"], [2100, 1200, "closed"], [1200, 900, "open"], [900, 0, "closed"]],
          [change(2700, "closed", "open"), change(1200, "closed", "open")]);

await test("shades a breaker's states as they were recorded, and nothing of the time in which the program did not run", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment"));
  await page.getByRole("img", { name: /^Rejected, .*: rejected at most 4\/s\.$/ }).waitFor();
  near(await shaded(page, "Rejected"), [[25, 33], [67, 75]]);
}, { start: start(killed) });

const young = () => history(3600, [[120, 60, "closed"], [60, 0, "open"]], [change(60, "closed", "open")]);

await test("begins with the first sample of a history that is younger than the span", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment"));
  const label = await page.getByRole("img", { name: /^Calls, .*: calls at most 10\/s/ }).getAttribute("aria-label");
  assert.ok(seconds(label) <= 121, label);
  near(await shaded(page, "Rejected"), [[50, 100]]);
  // Two instants are shown as they were asked for.
  await page.goto(at(puppet, `breaker/payment?from=${iso(3600)}&to=${iso(0)}`));
  await page.getByRole("button", { name: "Other…", pressed: true }).waitFor();
  const whole = await page.getByRole("img", { name: /^Calls, .*: calls at most 10\/s/ }).getAttribute("aria-label");
  assert.ok(seconds(whole) >= 3599, whole);
}, { start: start(young) });

const reopened = () => history(300, [[300, 200, "closed"], [200, 100, "open"], [100, 0, "closed"]],
                               [change(200, "closed", "open"), change(100, "open", "closed")]);

await test("has what happened in the last five minutes before it was opened, if the program keeps a history", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment?span=5m"));
  const changes = page.getByRole("region", { name: "Changes of state" }).getByRole("row");
  await changes.nth(2).waitFor();
  assert.equal(await changes.count(), 3, "the heading and two changes");
  await page.getByRole("img", { name: /^Calls, .*: calls at most 10\/s, failures at most 1\/s\.$/ }).waitFor();
  await page.getByRole("img", { name: /^Latency, .*: p50 at most 20 ms/ }).waitFor();
  // Five minutes end now: what was open has gone to the left since the answer was made, a hundredth in three seconds.
  const shift = (Date.now() - puppet.answered) / 3000;
  near(await shaded(page, "Rejected"), [[33 - shift, 67 - shift]]);
  // From then on the page's own seconds, as it says.
  await page.getByText("Second by second since you opened this page").waitFor();
  await page.getByText("As a table").click();
  await page.getByRole("group", { name: "Values of the charts" }).getByText("0/s", { exact: true }).first().waitFor();
}, { start: start(reopened) });

const interrupted = () => history(300, [[300, 20, "closed"]], []);
const sample = (at) => ({
  at, length: 1, state: "closed", successes: 9, failures: 1, ignored: 0, rejected: 4, latency: { mean: 0.02, p50: 0.02, p95: 0.25, p99: 1.5 },
});

/// The last piece of the line p50: where it ends, as a part of the chart's width, and its length in pixels.
const lastLine = (page) =>
  chart(page, "Latency").evaluate(async (figure) => {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const canvas = figure.querySelector("canvas");
    const probe = document.createElement("i");
    probe.dataset.colour = "p50";
    document.body.append(probe);
    const colour = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data, width } = context.getImageData(0, 0, copy.width, copy.height);
    const drawn = new Array(width).fill(false);
    for (let i = 0; i < data.length; i += 4)
      if (colour.every((each, k) => Math.abs(each - data[i + k]) < 12) && data[i + 3] > 200) drawn[(i / 4) % width] = true;
    const end = drawn.lastIndexOf(true);
    return { end: end / width, length: end - drawn.lastIndexOf(false, end) };
  });

await test("draws no line across a gap, although the page has points of its own within it", async ({ page, puppet }) => {
  await page.goto(at(puppet, "breaker/payment?span=5m"));
  await page.getByText("As a table").click();
  await page.getByRole("group", { name: "Values of the charts" }).getByText("0/s", { exact: true }).nth(20).waitFor();  // in three columns
  // Only now the history goes on, with the last two seconds. The page asks for it now and then.
  let line;
  do {
    const past = interrupted();
    await puppet.tell("answer", "/history", JSON.stringify({ ...past, samples: [...past.samples, sample(iso(2)), sample(iso(1))] }));
    line = await lastLine(page);
  } while (line.end < 0.95);
  assert.ok(line.length < 12, `a second is about four pixels; the line over one of them has ${line.length}`);
}, { start: start(interrupted) });

/// Waits until so many stretches of a card's chart are filled down to just above the base line.
const filled = (page, stretches) =>
  page.waitForFunction((wanted) => {
    const canvas = document.querySelector("canvas.spark");
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const row = context.getImageData(0, Math.round((canvas.clientHeight - 6) * devicePixelRatio), canvas.width, 1).data;
    const runs = [];
    for (let x = 1; x < canvas.width; x++) {
      if (row[4 * x + 3] === 0) continue;
      if (row[4 * x - 1] > 0) runs[runs.length - 1]++;
      else runs.push(1);
    }
    return runs.filter((each) => each >= 12).length === wanted;
  }, stretches);

await test("fills a card's chart down to zero before and after a time without connection", async ({ page, puppet }) => {
  await puppet.tell("add", "payment");
  let on = true;
  let busy = true;
  const traffic = (async () => {
    for (; on; await new Promise((resolve) => setTimeout(resolve, 100)))
      if (busy) await puppet.tell("calls", "payment", 20);
  })();
  try {
    await page.goto(at(puppet));
    await card(page, "payment", "Closed").waitFor();
    await filled(page, 1);
    busy = false;
    await puppet.tell("add", "last");  // After it no call is on its way.
    await puppet.down();
    await page.getByText("Connection lost.").waitFor();
    await puppet.up();
    await puppet.tell("add", "payment");
    busy = true;
    await live(page);
    await filled(page, 2);
  } finally {
    on = false;
    await traffic;
  }
}, { expectedConsole: gone, start: () => startLasting(process.argv[2]) });

await finish();
