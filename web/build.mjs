// Builds the dashboard into switchgear/admin/assets (or into the folder named on the command line).
// The bundle is committed, so that a build of the C++ needs no Node; bundle_test.mjs compares it with these sources.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ? resolve(process.argv[2]) : join(here, "../switchgear/admin/assets");

await mkdir(output, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { dashboard: "src/main.tsx" },
  outdir: output,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome110", "firefox110", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  banner: { js: "/* Switchgear dashboard, Apache-2.0. Includes Preact, @preact/signals and uPlot (MIT). */" },
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) await copyFile(join(here, "src", name), join(output, name));
