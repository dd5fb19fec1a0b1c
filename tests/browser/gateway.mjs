// A real gateway and a service behind it, for tests of what only a gateway has.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/// A service that answers as it is told to: `answer(request)` is a status.
function startService(answer) {
  const server = createServer((request, response) => {
    response.writeHead(answer(request), { "Content-Type": "text/plain" });
    response.end("seen\n");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/// `configuration(port)` is the gateway's YAML for a service on that port. The service answers 200, or 503 to requests whose path
/// ends in `/fail`.
export async function startGateway(binary, configuration) {
  const folder = mkdtempSync(join(tmpdir(), "switchgear-browser-"));
  const service = await startService((request) => (request.url.endsWith("/fail") ? 503 : 200));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, configuration(service.address().port));
  const child = spawn(binary, ["serve", "--config", file, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
                      { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
    const code = await ended;
    clearTimeout(timer);
    service.closeAllConnections();
    service.close();
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const [, listen, admin] = line.match(/serves (http:\S+) +admin (http:\S+)\/dashboard/) ?? [];
    if (!listen) continue;
    return {
      url: admin,
      /// Sends requests one after the other; resolves to their statuses.
      async send(path, count = 1) {
        const statuses = [];
        for (let i = 0; i < count; i++) {
          const response = await fetch(listen + path);
          await response.arrayBuffer();
          statuses.push(response.status);
        }
        return statuses;
      },
      stop,
    };
  }
  throw new Error(`the gateway ended with exit code ${await stop()}`);
}
