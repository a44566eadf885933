import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bssidNumber } from '../../src/domain/bssid.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { addNetwork, newId, start } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';
import { startServer } from './running-server.ts';

class Lines extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

test('of what is looked for and is not on offer, nothing is in the database or the log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-search-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'registry.db')}`, sealer: testSealer() });
  const log = new Lines();
  const running = await startServer({ store, log: { level: 'trace', stream: log } });
  try {
    const network = await addNetwork(store);
    await store.offers.insert({
      id: newId('off'), networkId: network.id, accountId: network.accountId, terminalId: network.terminalId, state: 'active', guests: 1, hours: undefined, approval: 'automatic', answerMs: 60_000,
      tariff: parseTariff({ kind: 'fixed', allowed: '1h', price: '1.00EUR' }), createdAt: start, changedAt: start,
    });
    const { secret } = await running.enroll('terminal');
    const names = ['Flat of the Millers', 'second stranger'];
    const strangers = [0x0a_5e_c2_e7_01_77, 0x0a_5e_c2_e7_02_88].map((number, at) => ({ bssid: number.toString(16).padStart(12, '0').match(/../g)!.join(':'), ssid: Buffer.from(names[at]!).toString('base64url') }));
    const own = { bssid: network.bssids[0], ssid: Buffer.from(network.ssid).toString('base64url') };
    const search = (networks: unknown) => fetch(`${running.url}/v1/offers/search`, {
      method: 'POST', headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }, body: JSON.stringify({ networks }),
    });
    const reply = await search([...strangers, own]);
    const { offers } = (await reply.json()) as { offers: { bssids: string[] }[] };
    expect([reply.status, offers.map(({ bssids }) => bssids)]).toEqual([200, [network.bssids]]);
    // Nor of what is refused.
    expect((await search([...strangers, { ...strangers[0], ssid: '!' }])).status).toBe(400);

    await store.transaction(async (tx) => void (await addNetwork(tx)));
    const kept = Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))));
    // What is there is found in this way.
    expect(kept.includes(Buffer.from(network.bssids[0]!))).toBe(true);
    expect(log.text).toContain('/v1/offers/search');
    for (const [at, { bssid, ssid }] of strangers.entries()) {
      const bits = Buffer.alloc(8);
      bits.writeBigUInt64BE(BigInt(bssidNumber(bssid)));
      for (const sign of [bssid, bssid.replaceAll(':', ''), ssid, names[at]!]) {
        expect(kept.includes(Buffer.from(sign)), sign).toBe(false);
        expect(log.text).not.toContain(sign);
      }
      expect(kept.includes(bits.subarray(2))).toBe(false);
    }
  } finally {
    await running.stop();
    await rm(folder, { recursive: true });
  }
});
