// An agent of the official SDK's last release that speaks 0.3 by itself: JSON-RPC at /rpc, HTTP+JSON at /rest. It does
// with a message what agent_v1.mjs does.
//   node agent_v03.mjs [rest-first]
import { randomUUID } from 'node:crypto';
import { AGENT_CARD_PATH } from 'a2a-sdk-0.3';
import { DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from 'a2a-sdk-0.3/server';
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from 'a2a-sdk-0.3/server/express';
import express from 'express';
import { addControl, open } from './front.mjs';

const words = process.argv.slice(2);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Agent {
  cancelled = new Set();

  async execute(context, bus) {
    const { taskId, contextId, userMessage } = context;
    const [word, argument] = (userMessage.parts[0].text ?? 'data').split(' ');
    const say = (text) => ({ kind: 'message', messageId: randomUUID(), contextId, taskId, role: 'agent', parts: [{ kind: 'text', text }] });
    const status = (state, final, message) => bus.publish({
      kind: 'status-update', taskId, contextId, final,
      status: { state, message: message && say(message), timestamp: new Date().toISOString() },
    });
    const chunk = (text, append, lastChunk) => bus.publish({
      kind: 'artifact-update', taskId, contextId, append, lastChunk,
      artifact: { artifactId: 'a', name: 'plan', parts: [{ kind: 'text', text }] },
    });
    if (word === 'hello') {
      bus.publish({ ...say(`hello, ${argument}`), taskId: undefined });
      return bus.finished();
    }
    if (word === 'throw') throw new Error('the agent has a bug');
    if (!context.task) {
      bus.publish({
        kind: 'task', id: taskId, contextId, artifacts: [], history: [userMessage],
        status: { state: 'submitted', timestamp: new Date().toISOString() },
      });
    }
    status('working', false);
    switch (word) {
      case 'ask':
        status('input-required', true, 'which city?');
        return bus.finished();
      case 'fail':
        status('failed', true, 'no such city');
        return bus.finished();
      case 'wait':
        for (let i = 0; i < 3000 && !this.cancelled.has(taskId); ++i) await sleep(10);
        status('canceled', true);
        return bus.finished();
      default: {
        const count = Number(argument ?? 3);
        for (let i = 0; i < count; ++i) {
          chunk(`part ${i};`, i > 0, i === count - 1);
          await sleep(20);
        }
        status('completed', true);
        return bus.finished();
      }
    }
  }

  cancelTask = async (taskId) => this.cancelled.add(taskId);
}

const app = express();
addControl(app);
open(app, (url) => {
  const rpc = { url: `${url}/rpc`, transport: 'JSONRPC' };
  const rest = { url: `${url}/rest`, transport: 'HTTP+JSON' };
  const [first, second] = words.includes('rest-first') ? [rest, rpc] : [rpc, rest];
  const card = {
    name: 'Planner', description: 'Plans trips', version: '3', protocolVersion: '0.3.0',
    url: first.url, preferredTransport: first.transport, additionalInterfaces: [first, second],
    capabilities: { streaming: true, pushNotifications: true },
    defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
    skills: [{ id: 'plan', name: 'Plan', description: 'Plans', tags: ['trips'] }],
  };
  const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new Agent(), undefined, new InMemoryPushNotificationStore());
  const options = { requestHandler, userBuilder: UserBuilder.noAuthentication };
  app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: requestHandler }));
  app.use('/rpc', jsonRpcHandler(options));
  app.use('/rest', restHandler(options));
});
