// A real Redis for a test.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

function freePort() {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    }),
  );
}

export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), "switchgear-redis-"));
  // Another process may take the port before it does.
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    const child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
                        { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve, reject) => {
      child.once("exit", resolve);
      child.once("error", reject);
    });
    const stop = async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    };
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes("Ready to accept connections")) continue;
      child.stdout.resume();
      return { url: `redis://127.0.0.1:${port}/0`, stop };
    }
    await ended;
  }
  throw new Error("redis-server does not start");
}
