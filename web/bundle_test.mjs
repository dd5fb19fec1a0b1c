// The committed bundle is what its sources build to, and small. Only the size is looked at without node_modules.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const committed = join(here, "../switchgear/admin/assets");
const limit = 80 * 1024;

const sizes = readdirSync(committed).map((name) => [name, gzipSync(readFileSync(join(committed, name))).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(sizes.map(([name, size]) => `${name} ${size}`).join(", "), `= ${total} bytes gzipped of ${limit}`);
assert.ok(total <= limit, "the bundle has outgrown its limit");

if (existsSync(join(here, "node_modules/esbuild"))) {
  const fresh = mkdtempSync(join(tmpdir(), "switchgear-bundle-"));
  try {
    execFileSync(process.execPath, [join(here, "build.mjs"), fresh], { stdio: "inherit" });
    assert.deepEqual(readdirSync(fresh).sort(), readdirSync(committed).sort(), "other files than a fresh build has");
    for (const name of readdirSync(fresh)) {
      assert.ok(readFileSync(join(fresh, name)).equals(readFileSync(join(committed, name))),
                `${name} is not what the sources build to; run: npm run build`);
    }
    console.log("the committed bundle equals a fresh build");
    execFileSync(join(here, "node_modules/.bin/tsc"), ["--noEmit", "--project", here], { stdio: "inherit" });
    console.log("its types hold");
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
