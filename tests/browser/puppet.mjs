// Starts app/admin's admin_puppet, or anything else that prints `port N` first, and talks to it line by line.
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

export async function startPuppet(binary, ...options) {
  const child = spawn(binary, options, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${binary} ended with exit code ${await ended}`);
    return value;
  };
  const [, port] = (await next()).match(/^port (\d+)$/) ?? [];
  if (!port) throw new Error(`${binary} did not say its port`);
  return {
    url: `http://127.0.0.1:${port}`,
    port: Number(port),
    pid: child.pid,
    /// Sends one command and waits until it is done.
    async tell(...words) {
      child.stdin.write(words.map((word) => String(word).replaceAll(" ", "%20")).join(" ") + "\n");
      const answer = await next();
      if (answer !== "done") throw new Error(`${words.join(" ")}: ${answer}`);
    },
    /// Ends it by itself, or by its process id when it does not.
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      child.stdin.end("quit\n");
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/// A puppet behind an address that stays while the puppet is down: a port that is given back could be taken by another program.
export async function startLasting(binary, ...options) {
  let puppet = await startPuppet(binary, ...options);
  const sockets = new Set();
  const relay = createServer((client) => {
    if (!puppet) return client.destroy();
    const server = connect(puppet.port, "127.0.0.1");
    for (const [one, other] of [[client, server], [server, client]]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.pipe(server).pipe(client);
  });
  await new Promise((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const down = async () => {
    const ended = puppet?.stop();
    puppet = null;
    await ended;
  };
  return {
    url: `http://127.0.0.1:${relay.address().port}`,
    tell: (...words) => puppet.tell(...words),
    down,
    /// Starts another, which knows nothing of the first.
    async up() {
      puppet = await startPuppet(binary, ...options);
    },
    async stop() {
      await down();
      sockets.forEach((each) => each.destroy());
      relay.close();
    },
  };
}
