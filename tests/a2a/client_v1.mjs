// A client of the official SDK, 1.0, with the card at an address: says what the agent there did.
//   node client_v1.mjs URL-OF-THE-CARD [rest]
import { Role, TaskState } from '@a2a-js/sdk';
import { ClientFactory, ClientFactoryOptions } from '@a2a-js/sdk/client';

const [cardUrl, transport] = process.argv.slice(2);
const options = transport === 'rest' ? { ...ClientFactoryOptions.default, preferredTransports: ['HTTP+JSON'] } : undefined;
const client = await new ClientFactory(options).createFromUrl(cardUrl, '');
const request = (value) => ({
  tenant: '', configuration: undefined, metadata: undefined,
  message: {
    messageId: crypto.randomUUID(), contextId: '', taskId: '', role: Role.ROLE_USER, extensions: [], referenceTaskIds: [],
    metadata: undefined, parts: [{ content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: '' }],
  },
});
const textOf = (artifacts) => artifacts.flatMap((each) => each.parts).map((part) => part.content.value).join('');

const card = await (await fetch(cardUrl, { headers: { 'A2A-Version': '1.0' } })).json();
console.log('card', ...card.supportedInterfaces.map((each) => each.url));
const answer = await client.sendMessage(request('hello world'));
console.log('message', (answer.payload?.value ?? answer).parts[0].content.value);
const sent = await client.sendMessage(request('plan 2'));
const task = sent.payload?.value ?? sent;
console.log('task', TaskState[task.status.state], textOf(task.artifacts));
let streamed = '';
for await (const event of client.sendMessageStream(request('plan 3'))) {
  if (event.payload.$case === 'artifactUpdate') streamed += textOf([event.payload.value.artifact]);
}
console.log('stream', streamed);
try {
  await client.getTask({ id: 'nobodys', tenant: '' });
} catch (error) {
  console.log('error', error.name);
}
console.log('end.');
process.exit(0);
