// The same guarded call through Switchgear, cockatiel and opossum: an answer that is there already, behind a breaker, and
// behind bulkhead, retry, breaker and (where the library has one) a limit in time. What is measured is what the guard adds:
// the bare call's cost is subtracted in each language. Rounds are interleaved, so that a slow moment of the machine falls on
// all; medians are shown.
//
// usage: node bench/node/compare.mjs PATH/TO/switchgear_bench [ROUNDS]      (./dev bench node builds and runs it)
import { execFileSync } from "node:child_process";
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bulkhead, circuitBreaker, ExponentialBackoff, handleAll, retry, SamplingBreaker, timeout, TimeoutStrategy, wrap }
  from "cockatiel";
import Opossum from "opossum";

const here = dirname(fileURLToPath(import.meta.url));
const program = process.argv[2];
const rounds = Number(process.argv[3] ?? 7);
if (!program || !(rounds >= 1)) {
  console.error("usage: node bench/node/compare.mjs PATH/TO/switchgear_bench [ROUNDS]");
  process.exit(2);
}

const answer = async () => 1;
const breaker = () =>
  circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }) });
const stack = wrap(
  bulkhead(50, 200),
  timeout(10_000, TimeoutStrategy.Cooperative),
  retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
  breaker(),
);
const alone = breaker();
const opossumOptions = { rollingCountTimeout: 10_000, errorThresholdPercentage: 50, resetTimeout: 10_000 };
const opossumAlone = new Opossum(answer, { ...opossumOptions, timeout: false });
const opossumStack = new Opossum(answer, { ...opossumOptions, timeout: 10_000, capacity: 50 });

const calls = {
  bare: answer,
  "cockatiel, breaker": () => alone.execute(answer),
  "cockatiel, bulkhead + timeout + retry + breaker": () => stack.execute(answer),
  "opossum, breaker": () => opossumAlone.fire(),
  "opossum, bulkhead + timeout + breaker": () => opossumStack.fire(),
};

async function nanoseconds(call, count) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; ++i) await call();
  return Number(process.hrtime.bigint() - begin) / count;
}

/** Calls through `call` for about a fifth of a second. */
async function measure(call) {
  let count = 1000;
  for (;;) {
    const each = await nanoseconds(call, count);
    if (each * count > 5e7) return await nanoseconds(call, Math.ceil(2e8 / each));
    count *= 4;
  }
}

const ours = {
  "Switchgear, breaker": "breaker, pipeline",
  "Switchgear, bulkhead + deadline + retry + breaker": "retry + breaker + bulkhead + deadline, TSC time, pipeline",
};

function measureOurs() {
  const folder = mkdtempSync(join(tmpdir(), "switchgear-bench-"));
  try {
    const out = join(folder, "bench.json");
    execFileSync(program, [
      "--benchmark_filter=^(breaker|retry \\+ breaker \\+ bulkhead \\+ deadline, TSC time), pipeline/.*threads:1$",
      "--benchmark_min_time=0.2", `--benchmark_out=${out}`, "--benchmark_out_format=json",
    ], { stdio: "ignore" });
    const found = JSON.parse(readFileSync(out, "utf8")).benchmarks;
    return Object.fromEntries(Object.entries(ours).map(([name, prefix]) => {
      const run = found.find((each) => each.name.startsWith(prefix));
      if (!run) throw new Error(`${program} has no benchmark '${prefix}'`);
      return [name, run.cpu_time];
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const samples = {};
const note = (name, value) => (samples[name] ??= []).push(value);
for (let round = 0; round < rounds; ++round) {
  for (const [name, value] of Object.entries(measureOurs())) note(name, value);
  for (const [name, call] of Object.entries(calls)) note(name, await measure(call));
}

const bare = median(samples.bare);
const result = Object.fromEntries(Object.entries(samples).filter(([name]) => name !== "bare")
  .map(([name, values]) => [name, median(values) - (name.startsWith("Switchgear") ? 0 : bare)]));
const version = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8")).version;
const versions = { node: process.version, cockatiel: version("cockatiel"), opossum: version("opossum") };

const [small, large] = Object.keys(ours).map((name) => result[name]);
console.log(`ns per guarded call beyond the call itself; medians of ${rounds} interleaved rounds; node ${versions.node}, ` +
  `cockatiel ${versions.cockatiel}, opossum ${versions.opossum}`);
for (const [name, value] of Object.entries(result)) {
  const ratio = value / (name.endsWith(", breaker") ? small : large);
  console.log(`${name.padEnd(50)} ${value.toFixed(1).padStart(9)}   ${ratio.toFixed(1).padStart(6)} ×`);
}
writeFileSync(join(here, "..", "..", "build", "node.json"), JSON.stringify({ versions, rounds, nanoseconds: result }, null, 2) + "\n");
opossumAlone.shutdown();
opossumStack.shutdown();
process.exit(0);
