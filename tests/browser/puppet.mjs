// Starts app/admin's admin_puppet, or anything else that prints `port N` first, and talks to it line by line.
import { spawn } from "node:child_process";
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
