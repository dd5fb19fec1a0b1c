// What both agents stand behind: a door that passes everything on, and breaks streams of events where it is told.
// GET /control?cut=BYTES&times=COUNT: each of the next COUNT streams ends after so many bytes of its answer, its head
// included, with a reset. Everything that goes through is the server's of the SDK.
import http from 'node:http';
import net from 'node:net';

const control = { cut: 0, times: 0, streams: 0 };

/// Mounts the door's own addresses on an express application.
export function addControl(app) {
  app.get('/control', (request, response) => {
    for (const [name, value] of Object.entries(request.query)) control[name] = Number(value);
    response.json(control);
  });
}

function passOn(client, port) {
  const server = net.connect(port, '127.0.0.1');
  let seen = 0;
  let limit = Infinity;
  server.on('data', (bytes) => {
    const begins = bytes.subarray(0, 4).toString() === 'HTTP';
    if (begins) {
      seen = 0;
      limit = Infinity;
      if (/^content-type: text\/event-stream/im.test(bytes.toString('latin1'))) {
        ++control.streams;
        if (control.times > 0) {
          --control.times;
          limit = control.cut;
        }
      }
    }
    const left = limit - seen;
    seen += bytes.length;
    if (bytes.length <= left) return client.write(bytes);
    client.write(bytes.subarray(0, left), () => client.resetAndDestroy());
    server.destroy();
  });
  client.on('data', (bytes) => server.write(bytes));
  client.on('close', () => server.destroy());
  server.on('close', () => client.end());
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
}

/// Serves the application behind a door at a port of the system's choice, and prints it. `ready(url)` comes before.
export function open(app, ready) {
  const inner = http.createServer(app).listen(0, '127.0.0.1', () => {
    const door = net.createServer((client) => passOn(client, inner.address().port));
    door.listen(0, '127.0.0.1', () => {
      ready(`http://127.0.0.1:${door.address().port}`);
      console.log(`port ${door.address().port}.`);
    });
  });
}
