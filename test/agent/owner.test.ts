import { afterEach, describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import type { Notifier, Prompt } from '../../src/roles/agent/ports.ts';
import { askAs, getStatus, sayHello } from './raw-device.ts';
import { password, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

describe('automatic approval', () => {
  test('goes by the registry’s word about model and batch', async () => {
    site = await Site.open({ autoApprove: { models: ['lamp'], batches: ['b7'] } });
    for (const registration of [{ model: 'lamp' }, { model: 'camera', batch: 'b7' }]) {
      const hello = await sayHello(site.agent, await site.device(registration));
      const requestId = await askAs(hello);
      expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ status: 'approved', password });
      expect((await site.owner.request(requestId)).decidedBy).toBe('auto');
    }
    const hello = await sayHello(site.agent, await site.device({ model: 'camera', batch: 'b8', label: 'lamp' }));
    const other = await askAs(hello);
    await site.event((event) => event.kind === 'request' && event.request.id === other);
    expect(site.line.calls.filter((call) => call === 'approve')).toHaveLength(2);
  });

  test('is never for weak devices', async () => {
    site = await Site.open({ autoApprove: { models: ['lamp'] } });
    const hello = await sayHello(site.agent, await site.device({ passTmp: 'short', allowWeak: true }));
    const requestId = await askAs(hello);
    expect(site.line.calls).not.toContain('approve');
    expect(await site.agent.service.requests({ all: false })).toMatchObject([{ id: requestId, weak: true }]);
  });

  test('without model or batch nothing is approved', async () => {
    site = await Site.open({ autoApprove: {} });
    const hello = await sayHello(site.agent, await site.device());
    await askAs(hello);
    expect(site.line.calls).not.toContain('approve');
  });

  test('what was pending when the agent stopped is approved when it starts', async () => {
    site = await Site.open();
    const hello = await sayHello(site.agent, await site.device());
    const requestId = await askAs(hello);
    await site.stop();
    const { securePort } = await site.start({ autoApprove: { models: ['lamp'] } });
    expect((await getStatus({ ...hello, securePort }, requestId, 20)).body).toMatchObject({ password });
  });
});

/** Somebody at a screen who answers when told to. */
class Screen implements Prompt {
  readonly questions: { title: string; lines: readonly string[]; signal: AbortSignal; answer: (yes: boolean | undefined) => void }[] = [];
  #seen: (() => void)[] = [];

  ask(question: { title: string; lines: readonly string[] }, signal: AbortSignal): Promise<boolean | undefined> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined));
      this.questions.push({ ...question, signal, answer: resolve });
      this.#seen.forEach((look) => look());
    });
  }

  async question(index: number) {
    while (this.questions.length <= index) {
      await new Promise<void>((resolve) => this.#seen.push(resolve));
    }
    return this.questions[index]!;
  }

  async close(): Promise<void> {}
}

describe('the second prompt', () => {
  test('shows what the registry says, what the device says, and what speaks against it', async () => {
    const screen = new Screen();
    site = await Site.open({ prompt: screen });
    const identity = await site.device({ label: 'Lamp 7', batch: 'b1', passTmp: 'short', allowWeak: true });
    const link = site.link();
    const asked = await link.ask(identity, { showsCode: true, label: 'I am "trusted"' });
    const { lines } = await screen.question(0);
    expect(lines).toEqual([
      'Label: Lamp 7',
      'Model: lamp',
      'Batch: b1',
      'It calls itself: "I am \\"trusted\\""',
      `uuid: ${identity.uuid}`,
      `Match code: ${asked.matchCode}`,
      'Caution: its pass_tmp is short and may have been guessed',
    ]);
    await link.close();
  });

  test('yes lets in, no keeps out, no answer leaves it open; one question after the other', async () => {
    const screen = new Screen();
    site = await Site.open({ prompt: screen });
    const hellos = [];
    for (let i = 0; i < 3; i++) {
      const hello = await sayHello(site.agent, await site.device());
      hellos.push({ hello, requestId: await askAs(hello) });
    }
    (await screen.question(0)).answer(true);
    (await screen.question(1)).answer(false);
    (await screen.question(2)).answer(undefined);
    const statuses = await Promise.all(hellos.map(async ({ hello, requestId }, index) => (await getStatus(hello, requestId, index < 2 ? 20 : 0)).body.status));
    expect(statuses).toEqual(['approved', 'denied', 'pending']);
  });

  test('a question that is answered elsewhere is taken back', async () => {
    const screen = new Screen();
    site = await Site.open({ prompt: screen });
    const requestId = await askAs(await sayHello(site.agent, await site.device()));
    const { signal } = await screen.question(0);
    await site.agent.service.deny(requestId);
    expect(signal.aborted).toBe(true);
  });
});

test('somebody is notified of each request and its decision; a notifier that fails is in nobody’s way', async () => {
  const notices: [string, AccessRequest['status']][] = [];
  const notifier: Notifier = {
    notify: async (event, request) => {
      notices.push([event, request.status]);
      throw new Error('nobody is there');
    },
  };
  site = await Site.open({ notifier });
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ password });
  await expect.poll(() => notices).toEqual([['request.pending', 'pending'], ['request.decided', 'approved']]);
  expect(site.log).toContainEqual(expect.objectContaining({ level: 'warn', message: 'Nobody could be notified.' }));
});

test('nobody is told of requests that are over by then', async () => {
  const told: string[] = [];
  const busy = Promise.withResolvers<void>();
  const notifier: Notifier = {
    notify: async (event, { id, status }) => {
      told.push(`${event} ${id} ${status}`);
      await busy.promise;
    },
  };
  site = await Site.open({ notifier });
  const identity = await site.device();
  const requestIds: string[] = [];
  for (let i = 0; i < 4; i++) {
    requestIds.push(await askAs(await sayHello(site.agent, identity)));
  }
  await expect.poll(async () => (await site.agent.service.requests({ all: true })).map(({ status }) => status))
    .toEqual(['pending', 'expired', 'expired', 'expired']);
  busy.resolve();
  const [first, , , last] = requestIds;
  await expect.poll(() => told).toEqual([`request.pending ${first} pending`, `request.decided ${first} expired`, `request.pending ${last} pending`]);
});
