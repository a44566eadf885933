import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShareRequestState } from '../../src/domain/share-request.ts';
import { askThumbprint } from '../../src/client/thumbprint-client.ts';
import { jwkThumbprint } from '../../src/protocol/access-code.ts';
import { run } from '../program.ts';
import { SharedSite, type Guest } from './shared-site.ts';

const until = { timeout: 20_000, interval: 20 };

let site: SharedSite;
afterEach(() => site.close());

const reaches = (guest: Guest, state: ShareRequestState, id?: string) => expect.poll(() => guest.state(id), until).toBe(state);
const warned = (guest: Guest, threshold: string) =>
  expect.poll(async () => (await site.store.events.after(guest.terminal.token.id, 0, 100)).flatMap(({ kind, detail }) => (kind === 'quota.low' ? [detail['threshold']] : [])), until).toContain(threshold);
const isCut = (guest: Guest) => expect.poll(async () => site.radio.onAir.includes((await guest.sharing.show(guest.id)).grantId!), until).toBe(false);

/** The steps of a purchase, and what is true once the sharer's side has done its part of each. */
const steps: readonly { readonly name: string; readonly guest: (guest: Guest) => Promise<unknown>; readonly sharer: (guest: Guest) => Promise<unknown> }[] = [
  { name: 'it has paid', guest: (guest) => guest.buy('100MB'), sharer: (guest) => reaches(guest, 'ready') },
  {
    name: 'it has collected its code and used some',
    guest: async (guest) => {
      expect(await guest.collect()).toMatchObject({ ssid: 'Home', password: expect.stringMatching(/^.{8,}$/) });
      await guest.use(85_000_000n);
    },
    sharer: (guest) => warned(guest, '80%'),
  },
  {
    name: 'it has bought more',
    guest: async (guest) => {
      const id = await guest.more('100MB');
      await reaches(guest, 'active', id);
    },
    sharer: async () => {},
  },
  {
    name: 'it has used more',
    guest: (guest) => guest.use(165_000_000n),
    sharer: async (guest) => {
      await expect.poll(async () => (await guest.sharing.usage(guest.id)).sharer?.bytesIn, until).toBe(165_000_000n);
    },
  },
  { name: 'it has ended', guest: (guest) => guest.end(165_000_000n), sharer: async (guest) => {
    await isCut(guest);
    await reaches(guest, 'ended');
  } },
];

/** What is settled in the end: of 2.00 EUR for 200 MB, 35 MB go back. */
async function expectSettled(guest: Guest): Promise<void> {
  const request = await guest.sharing.show(guest.id);
  expect(request).toMatchObject({ state: 'ended', owed: 0n });
  expect(await site.balance(guest.terminal)).toEqual({ balance: 1835n, held: 0n });
  expect(await site.balance(site.sharer)).toMatchObject({ balance: 165n });
}

describe('`share serve`', () => {
  beforeEach(async () => {
    site = await SharedSite.open();
  });

  test.each(['the sharer', 'the server', 'the agent'] as const)('comes to the same end with %s lost at every step, before and after its part', { timeout: 120_000 }, async (lost) => {
    const lose = { 'the sharer': () => site.kill(), 'the server': () => site.stopServer(), 'the agent': () => site.stopAgent() }[lost];
    const back = { 'the sharer': () => site.serve(), 'the server': () => site.startServer(), 'the agent': () => site.startAgent() }[lost];
    await site.serve();
    const guest = await site.newGuest();
    for (const step of steps) {
      const isByGuestAlone = lost !== 'the server' && step.name !== 'it has bought more';
      if (isByGuestAlone) {
        await lose();
        await step.guest(guest);
        await back();
      } else {
        await step.guest(guest);
      }
      await step.sharer(guest);
      await lose();
      await back();
    }
    await expectSettled(guest);
  });

  test('tells who is on the network to which key its code was sealed, also after it was killed', async () => {
    await site.serve();
    const guest = await site.newGuest();
    await guest.buy('100MB');
    await reaches(guest, 'ready');
    const code = await guest.collect();
    await site.kill();
    const { ready } = await site.serve();
    const at = { host: '127.0.0.1', port: Number(ready['thumbprint_port']) };
    const { jwk } = await guest.sharing.show(guest.id);
    expect(await askThumbprint(at, guest.id, code)).toBe(await jwkThumbprint(JSON.parse(jwk!) as never));
    await expect(askThumbprint(at, guest.id, { ...code, password: 'somebody else’s' })).rejects.toMatchObject({ code: 'share_request_not_found' });
  });

  test('waits for server and agent that come up after it', { timeout: 60_000 }, async () => {
    await site.stopAgent();
    await site.stopServer();
    const { ready } = await site.serve();
    expect(ready).toMatchObject({ event: 'reach', whom: 'agent', reachable: false, error_code: 'agent_unreachable' });
    await site.startServer();
    await site.startAgent();
    const guest = await site.newGuest();
    await guest.buy('100MB');
    await reaches(guest, 'ready');
  });
});

test('what the sharer is to decide is listed, approved and denied from another shell', { timeout: 60_000 }, async () => {
  site = await SharedSite.open('manual');
  await site.serve();
  const env = { ...site.home.env, LATCHKEY_TOKEN: site.sharer.secret };
  const command = async (...args: string[]) => {
    const { stdout, stderr, exit } = await run([...args, '--server', site.url, '--json'], env);
    expect([exit, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const [welcome, unwelcome] = [await site.newGuest(), await site.newGuest()];
  await welcome.buy('100MB');
  await unwelcome.buy('200MB');
  const { items } = (await command('share', 'requests')) as { items: { request_id: string; state: string; quantity: string }[] };
  expect(items.map(({ request_id: id, state, quantity }) => [id, state, quantity])).toEqual([[unwelcome.id, 'held', '200MB'], [welcome.id, 'held', '100MB']]);
  expect(await command('share', 'approve', welcome.id)).toMatchObject({ request_id: welcome.id, state: 'approved' });
  expect(await command('share', 'deny', unwelcome.id, '--reason', 'full today')).toMatchObject({ state: 'refused', reason: 'full today' });
  await reaches(welcome, 'ready');
  expect(await site.balance(unwelcome.terminal)).toEqual({ balance: 2000n, held: 0n });
});

test('with nothing but the sharer’s word a guest gets the network’s password, from a file', { timeout: 60_000 }, async () => {
  site = await SharedSite.open();
  const file = `${site.home.folder}/wifi`;
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file, 'the one password\n', { mode: 0o600 });
  const { ready } = await site.serve('--radio', 'none', '--password-file', file);
  expect(ready).toMatchObject({ event: 'serving', enforced: false });
  const guest = await site.newGuest();
  await guest.buy('100MB');
  await reaches(guest, 'ready');
  expect(await guest.collect()).toEqual({ ssid: 'Home', password: 'the one password', security: 'wpa2-psk' });
});
