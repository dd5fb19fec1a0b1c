// A client of the official SDK's last release of 0.3: as client_v1.mjs.
//   node client_v03.mjs URL-OF-THE-CARD
import { ClientFactory } from 'a2a-sdk-0.3/client';

const [cardUrl] = process.argv.slice(2);
const client = await new ClientFactory().createFromUrl(cardUrl, '');
const request = (text) => ({ message: { kind: 'message', messageId: crypto.randomUUID(), role: 'user', parts: [{ kind: 'text', text }] } });
const textOf = (artifacts) => artifacts.flatMap((each) => each.parts).map((part) => part.text).join('');

const card = await (await fetch(cardUrl)).json();
console.log('card', card.url, ...card.additionalInterfaces.map((each) => each.url));
console.log('message', (await client.sendMessage(request('hello world'))).parts[0].text);
const task = await client.sendMessage(request('plan 2'));
console.log('task', task.status.state, textOf(task.artifacts));
let streamed = '';
for await (const event of client.sendMessageStream(request('plan 3'))) {
  if (event.kind === 'artifact-update') streamed += textOf([event.artifact]);
}
console.log('stream', streamed);
try {
  await client.getTask({ id: 'nobodys' });
} catch (error) {
  console.log('error', error.constructor.name);
}
console.log('end.');
process.exit(0);
