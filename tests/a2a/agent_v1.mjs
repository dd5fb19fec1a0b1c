// An agent of the official SDK, 1.0: JSON-RPC at /rpc, HTTP+JSON at /rest, both for 0.3 too with the word `compat`.
// What it does with a message is said by its first word; see Agent.
//   node agent_v1.mjs [compat] [rest-first]
import { randomUUID } from 'node:crypto';
import { AGENT_CARD_PATH } from '@a2a-js/sdk';
import { AgentEvent, DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import { Role, TaskState } from '@a2a-js/sdk';
import express from 'express';
import { addControl, open } from './front.mjs';

const words = process.argv.slice(2);
const legacyCompat = { enabled: words.includes('compat') };

const text = (value) => ({ content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: '' });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Agent {
  cancelled = new Set();

  async execute(context, bus) {
    const { taskId, contextId, userMessage } = context;
    const [word, argument] = (userMessage.parts[0].content.value ?? 'data').toString().split(' ');
    const say = (value) => ({
      messageId: randomUUID(), contextId, taskId, role: Role.ROLE_AGENT, parts: [text(value)],
      metadata: undefined, extensions: [], referenceTaskIds: [],
    });
    const status = (state, message) => bus.publish(AgentEvent.statusUpdate({
      taskId, contextId, metadata: undefined,
      status: { state, message: message && say(message), timestamp: new Date().toISOString() },
    }));
    const chunk = (value, append, lastChunk) => bus.publish(AgentEvent.artifactUpdate({
      taskId, contextId, append, lastChunk, metadata: undefined,
      artifact: { artifactId: 'a', name: 'plan', description: '', parts: [text(value)], metadata: undefined, extensions: [] },
    }));
    if (word === 'hello') {
      bus.publish(AgentEvent.message({ ...say(`hello, ${argument}`), taskId: '' }));
      return bus.finished();
    }
    if (word === 'throw') throw new Error('the agent has a bug');
    bus.publish(AgentEvent.task(context.task ?? {
      id: taskId, contextId, artifacts: [], history: [userMessage], metadata: undefined,
      status: { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: new Date().toISOString() },
    }));
    status(TaskState.TASK_STATE_WORKING);
    switch (word) {
      case 'ask':
        status(TaskState.TASK_STATE_INPUT_REQUIRED, 'which city?');
        return bus.finished();
      case 'fail':
        status(TaskState.TASK_STATE_FAILED, 'no such city');
        return bus.finished();
      case 'wait':  // until it is cancelled
        for (let i = 0; i < 3000 && !this.cancelled.has(taskId); ++i) await sleep(10);
        status(TaskState.TASK_STATE_CANCELED);
        return bus.finished();
      default: {  // `plan COUNT`: as many chunks, a little apart
        const count = Number(argument ?? 3);
        for (let i = 0; i < count; ++i) {
          chunk(`part ${i};`, i > 0, i === count - 1);
          await sleep(20);
        }
        status(TaskState.TASK_STATE_COMPLETED);
        return bus.finished();
      }
    }
  }

  cancelTask = async (taskId) => this.cancelled.add(taskId);
}

let card;
const app = express();
addControl(app);
open(app, (url) => {
  const rpc = { url: `${url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' };
  const rest = { url: `${url}/rest`, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0', tenant: '' };
  const older = [{ ...rpc, protocolVersion: '0.3' }, { ...rest, protocolVersion: '0.3' }];
  const first = words.includes('rest-first') ? [rest, rpc] : [rpc, rest];
  card = {
    name: 'Planner', description: 'Plans trips', version: '7',
    supportedInterfaces: legacyCompat.enabled ? [...first, ...older] : first,
    capabilities: { streaming: true, pushNotifications: true, extensions: [], extendedAgentCard: true },
    securitySchemes: {}, securityRequirements: [], signatures: [],
    defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
    skills: [{ id: 'plan', name: 'Plan', description: 'Plans', tags: ['trips'], examples: [], inputModes: [], outputModes: [], securityRequirements: [] }],
  };
  const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new Agent(), undefined,
                                                   new InMemoryPushNotificationStore(), undefined, async () => ({ ...card, version: '7 extended' }));
  const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat };
  app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: async () => card, legacyCompat }));
  app.use('/rpc', jsonRpcHandler(options));
  app.use('/rest', restHandler(options));
});
