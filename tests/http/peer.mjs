// A server of Node's for the client's tests: prints its port, and runs until it is killed.
//   node peer.mjs                       http
//   node peer.mjs KEY CERTIFICATE [CA]  https; with CA it asks the client for a certificate of that authority
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { gzipSync } from 'node:zlib';

const [key, cert, ca] = process.argv.slice(2);
let connections = 0;

function answer(request, response) {
  const url = new URL(request.url, 'http://peer');
  let body = '';
  request.on('data', (part) => (body += part));
  request.on('end', () => {
    switch (url.pathname) {
      case '/echo': {
        const text = JSON.stringify({
          method: request.method, query: Object.fromEntries(url.searchParams), body,
          connections, name: request.socket.servername || null,
        });
        const coded = request.headers['accept-encoding'] === 'gzip';
        response.setHeader('Content-Type', 'application/json');
        if (coded) response.setHeader('Content-Encoding', 'gzip');
        return response.end(coded ? gzipSync(text) : text);
      }
      case '/chunks':
        for (let i = 0; i < 1000; ++i) response.write('0123456789');
        return response.end();
      case '/moved':
        return response.writeHead(307, { Location: '/echo?from=moved' }).end();
      case '/goodbye':
        return response.writeHead(200, { Connection: 'close' }).end('bye');
      default:
        return response.writeHead(404).end();
    }
  });
}

const server = key
  ? https.createServer({ key: readFileSync(key), cert: readFileSync(cert), ca: ca && readFileSync(ca),
                         requestCert: Boolean(ca), rejectUnauthorized: Boolean(ca) }, answer)
  : http.createServer(answer);
server.on(key ? 'secureConnection' : 'connection', () => ++connections);
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port} is open`));
