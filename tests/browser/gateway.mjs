// A real gateway and a service behind it, for tests of what only a gateway has.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/// A service that answers as it is told to: `answer(request)` is a status. It takes every WebSocket, and says nothing there.
function startService(answer) {
  const server = createServer((request, response) => {
    response.writeHead(answer(request), { "Content-Type": "text/plain" });
    response.end("seen\n");
  });
  server.on("upgrade", (request, socket) => {
    const proof = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.on("error", () => socket.destroy());
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`);
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
      async send(path, count = 1, how = {}) {
        const statuses = [];
        for (let i = 0; i < count; i++) {
          const response = await fetch(listen + path, how);
          await response.arrayBuffer();
          statuses.push(response.status);
        }
        return statuses;
      },
      /// Asks for a WebSocket; resolves to the open connection, or to null if it was not upgraded.
      upgrade(path) {
        const key = Buffer.from("the sample nonce").toString("base64");
        const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key };
        return new Promise((resolve, reject) => {
          const asked = ask(listen + path, { headers });
          asked.on("upgrade", (_response, socket) => {
            socket.on("error", () => {});
            resolve(socket);
          });
          asked.on("response", (response) => {
            response.resume();
            resolve(null);
          });
          asked.on("error", reject);
          asked.end();
        });
      },
      stop,
    };
  }
  throw new Error(`the gateway ended with exit code ${await stop()}`);
}
