// A server and clients made with ws and with Chromium. What they do is what the Python ones in websocket_test.py do.
//   node peer.mjs server [CERTIFICATE KEY]     prints its port; ends with its standard input
//   node peer.mjs client URL [CA]              holds a conversation; prints what it saw as JSON
//   node peer.mjs chromium URL                 the same, in a browser; URL: of the gateway, http
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as plain } from "node:http";
import { createServer as secure } from "node:https";
import { WebSocket, WebSocketServer } from "ws";

function serve(certificate, key) {
  const http = certificate ? secure({ cert: readFileSync(certificate), key: readFileSync(key) }) : plain();
  http.on("request", (_, response) => response.end("a page"));
  const sockets = new WebSocketServer({
    server: http,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
    verifyClient: ({ req }, decide) => decide(!req.url.endsWith("/locked"), 401, "locked"),
  });
  sockets.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (message, isBinary) => {
      const [word, code, reason] = isBinary ? [] : String(message).split(" ");
      if (word === "close") return socket.close(Number(code), reason);
      socket.send(message, { binary: isBinary });
    });
  });
  http.listen(0, "127.0.0.1", () => console.log(http.address().port));
  process.stdin.on("end", () => process.exit(0)).resume();
}

async function talk(url, ca) {
  const options = { perMessageDeflate: true, ca: ca && readFileSync(ca) };
  const open = async () => {
    const socket = new WebSocket(url, ["chat"], options);
    await once(socket, "open");
    return socket;
  };
  const socket = await open();
  const echo = async (message) => {
    const answer = once(socket, "message");
    socket.send(message);
    return (await answer)[0];
  };
  const large = randomBytes(3_000_000);
  const seen = { protocol: socket.protocol, deflate: socket.extensions.includes("permessage-deflate") };
  seen.text = String(await echo("grüß dich"));
  seen.large = large.equals(await echo(large));
  seen.many = 0;
  for (let i = 0; i < 200; i++) seen.many += Number(String(await echo(String(i))) === String(i));
  const pong = once(socket, "pong");
  socket.ping("are you there");
  seen.pong = String((await pong)[0]);
  socket.close(4001, "done");
  const [code] = await once(socket, "close");
  seen.closed = code;
  const other = await open();
  other.send("close 4002 enough");
  const [theirs, reason] = await once(other, "close");
  seen.closed_by_server = [theirs, String(reason)];
  const refused = new WebSocket(`${url}/locked`, options);
  refused.on("error", () => {});
  const [, response] = await once(refused, "unexpected-response");
  seen.refused = response.statusCode;
  refused.terminate();
  console.log(JSON.stringify(seen));
}

async function browse(url) {
  const { chromium } = await import("../browser/node_modules/playwright-core/index.mjs");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`${url}/page`);
    const seen = await page.evaluate(async () => {
      const open = () => new Promise((resolve, reject) => {
        const socket = new WebSocket(location.href.replace("http", "ws").replace("/page", ""), "chat");
        socket.binaryType = "arraybuffer";
        socket.onopen = () => resolve(socket);
        socket.onerror = () => reject(new Error("no connection"));
      });
      const next = (socket, event) => new Promise((resolve) => socket.addEventListener(event, resolve, { once: true }));
      const socket = await open();
      const echo = async (message) => {
        const answer = next(socket, "message");
        socket.send(message);
        return (await answer).data;
      };
      const large = new Uint8Array(3_000_000).map((_, i) => (i * 7919) % 251);
      const found = { protocol: socket.protocol, deflate: socket.extensions.includes("permessage-deflate") };
      found.text = await echo("grüß dich");
      const back = new Uint8Array(await echo(large));
      found.large = back.length === large.length && back.every((byte, i) => byte === large[i]);
      found.many = 0;
      for (let i = 0; i < 200; i++) found.many += Number((await echo(String(i))) === String(i));
      socket.close(4001, "done");
      found.closed = (await next(socket, "close")).code;
      const other = await open();
      other.send("close 4002 enough");
      const closed = await next(other, "close");
      found.closed_by_server = [closed.code, closed.reason];
      return found;
    });
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
}

const [what, ...words] = process.argv.slice(2);
await { server: serve, client: talk, chromium: browse }[what](...words);
