// Takes the registry's address out of lock files, so that `npm ci` works against whichever registry npm is set up for; the
// integrity hashes stay and still pin every byte. To be run after `npm install`:  node web/unresolve.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
for (const folder of ["web", "tests/browser", "bench/node"]) {
  const path = join(root, folder, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const each of Object.values(lock.packages)) delete each.resolved;
  writeFileSync(path, JSON.stringify(lock, null, 2) + "\n");
}
