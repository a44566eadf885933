import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpClient } from '../../src/client/http-client.ts';
import { SharingClient } from '../../src/client/sharing-client.ts';
import { lastReadingsMs } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { jwkThumbprint, newAccessKey, openAccessCode, parsePublicJwk, publicJwkOf, sealAccessCode } from '../../src/protocol/access-code.ts';
import { openStore } from '../../src/storage/open-store.ts';
import type { Holder } from '../contract/roles.harness.ts';
import { rolesHere } from '../contract/roles-here.ts';
import { accessCode, openSite, type Guest, type Site } from '../contract/share-parties.ts';
import { testSealer } from '../storage/sealer.ts';
import { enrollIn, startServer } from './running-server.ts';

/** Everything that goes through, either way. */
class Wire {
  readonly heard: Buffer[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const [from, onward] of [[near, far], [far, near]] as const) {
        this.#sockets.add(from);
        from.on('data', (bytes: Buffer) => {
          this.heard.push(bytes);
          onward.write(bytes);
        });
        from.on('close', () => onward.destroy());
        from.on('error', () => onward.destroy());
      }
    });
  }

  listen(): Promise<string> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(this.#server.address() as { port: number }).port}`)));
  }

  close(): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}

let folder: string;
let site: Site;
let wire: Wire;
let guest: Guest;
let closing: (() => Promise<void>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-secrecy-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'registry.db')}`, sealer: testSealer() });
  const here = await rolesHere(async () => ({ store, remove: async () => {} }));
  const running = await startServer({ store, clock: here.clock });
  wire = new Wire(running.port);
  const url = await wire.listen();
  const clients: HttpClient[] = [];
  site = await openSite({
    ...here,
    /** Whose requests go over the wire. */
    async hold(role, scope) {
      const { secret, token } = await enrollIn(store, role, scope, here.clock);
      const http = new HttpClient({ url, token: secret });
      clients.push(http);
      return Object.create(here.as(token), { sharing: { value: new SharingClient(http) } }) as Holder;
    },
  });
  guest = await site.newGuest();
  closing = [async () => void (await Promise.all(clients.map((client) => client.close()))), () => wire.close(), () => running.stop(), () => rm(folder, { recursive: true })];
});
afterEach(async () => {
  for (const close of closing) await close();
});

/** The files of the database, and what has gone over the wire. */
function everything(): readonly Buffer[] {
  return [...readdirSync(folder).map((name) => readFileSync(join(folder, name))), Buffer.concat(wire.heard)];
}

/** A text as it is, in hex, and in base64 from each of the three places where it may begin. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url').slice(before === 0 ? 0 : before + 1, -3));
  return [text, bytes.toString('hex'), ...base64, ...base64.map((each) => each.replaceAll('-', '+').replaceAll('_', '/'))];
}

const isIn = (text: string, places: readonly Buffer[]) => formsOf(text).some((form) => places.some((place) => place.includes(form)));

test('the forms of a text are found wherever it stands', () => {
  for (const around of [['', ''], ['{"password":"', '"}'], ['xy', ''], ['xyz', 'xyz']] as const) {
    const text = around.join(accessCode.password);
    for (const encoded of [text, Buffer.from(text).toString('base64'), Buffer.from(text).toString('base64url'), Buffer.from(text).toString('hex')]) {
      expect(isIn(accessCode.password, [Buffer.from(encoded)]), encoded).toBe(true);
    }
  }
});

test('a server that stores and forwards an access code never has the password, in its database or on its wire', async () => {
  const { offer } = await site.newNetwork();
  const request = await guest.order(offer, '100MB');
  await guest.pay(request);
  await site.deliver(request);
  const sealed = (await guest.sharing.accessCode(request.id))!;
  expect(everything().filter((place) => place.includes(sealed)).length).toBeGreaterThanOrEqual(2);
  expect(isIn(accessCode.password, everything())).toBe(false);
  expect(await guest.open(request)).toEqual(accessCode);
  await guest.sharing.acknowledge(request.id);
  await guest.sharing.end(request.id);
  expect(isIn(accessCode.password, everything())).toBe(false);
});

test('a server that puts in a key of its own reads it, and is found out by the thumbprint: all money goes back', async () => {
  const own = newAccessKey();
  const { offer } = await site.newNetwork({ tariff: parseTariff({ kind: 'steps', step: '1.00EUR=100MB', refund: 'none' }) });
  const request = await guest.order(offer, '100MB');
  await guest.pay(request);
  await site.sharer.sharing.approve(request.id);
  // The sharer is shown the server's key, seals to that, and remembers its thumbprint for who joins.
  const shown = publicJwkOf(own);
  const fromSharer = await sealAccessCode(accessCode, shown, request.id);
  const read = await openAccessCode(fromSharer, own, request.id);
  expect(read.password).toBe(accessCode.password);
  await site.sharer.sharing.respond(request.id, await sealAccessCode(read, parsePublicJwk(request.jwk!), request.id));
  expect(await guest.open(request)).toEqual(accessCode);
  await guest.sharing.acknowledge(request.id);

  const ofSharer = await jwkThumbprint(shown);
  expect(ofSharer).not.toBe(await jwkThumbprint(publicJwkOf(guest.key)));
  expect(await guest.sharing.reportMismatch(request.id, ofSharer)).toMatchObject({ state: 'ending', reason: 'key_mismatch' });
  site.harness.clock.pass(lastReadingsMs);
  await site.tend();
  expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'ended', returned: 100n });
  expect(await site.money(guest)).toEqual({ balance: 5000n, held: 0n });
});
