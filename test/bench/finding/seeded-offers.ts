import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { AdminService } from '../../../src/roles/admin/service.ts';
import { EnrollmentService } from '../../../src/roles/enrollment/service.ts';
import { LedgerService } from '../../../src/roles/ledger/service.ts';
import type { ServiceContext } from '../../../src/roles/service-context.ts';
import { keyLength, KeyringSealer } from '../../../src/secrets/seal.ts';
import { openDatabase, openStore } from '../../../src/storage/open-store.ts';
import { bssidFromNumber } from '../../../src/domain/bssid.ts';
import type { Offer } from '../../../src/domain/offer.ts';
import { offerHoursToJson, parseOfferHours } from '../../../src/domain/offer-hours.ts';
import { parseTariff, tariffToJson } from '../../../src/domain/tariff-json.ts';
import { shownOfferText } from '../../../src/roles/offers/shown-offer.ts';
import { cached } from '../cached.ts';
import { networkKey, networkName, offeredRadio } from './bench-networks.ts';

export interface SeededOffers {
  readonly url: string;
  /** As LATCHKEY_KEY_FILE takes it. */
  readonly keyFile: string;
  /** Of a guest's terminal. */
  readonly token: string;
}

const sharers = 100;
const chunk = 20_000;
/** Tariffs as people make them: not each its own, and not all the same. */
const tariffs = Array.from({ length: 200 }, (_, at) => parseTariff({
  kind: 'steps', step: `${1 + at % 5}.00EUR=${100 + at}MB`, tiers: [], rounding: 'down', minimum: `${1 + at % 5}.00EUR`, largest_quantity: '10GB', free: '10MB', pausable: false, refund: 'unused',
}));
const hours = [undefined, undefined, parseOfferHours({ zone: 'Europe/Berlin', hours: ['Mon-Fri 08:00-18:00', 'Sat 10:00-14:00'] })];

/** A new database with so many networks on offer, of sharers' accounts, and a guest's terminal. */
export async function seedOffers(url: string, keyFile: string, networks: number): Promise<SeededOffers> {
  const key = existsSync(keyFile) ? Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64url') : randomBytes(keyLength);
  writeFileSync(keyFile, `${key.toString('base64url')}\n`, { mode: 0o600 });
  const store = await openStore({ url, sealer: new KeyringSealer([key]) });
  const context: ServiceContext = { store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } };
  const { code } = await new AdminService(context).createEnrollCode({ role: 'terminal', scope: {}, lifetimeMs: 60_000 });
  const { secret } = await new EnrollmentService(context).enroll(code, 'guest');
  const accounts: string[] = [];
  for (let at = 0; at < sharers; at += 1) {
    accounts.push((await new LedgerService(context).open({ name: `sharer ${at}`, currency: 'EUR' })).id);
  }
  await store.accessPoints.insert({ id: 'ap_bench', name: 'bench', createdAt: new Date() });
  await store.close();
  await fill(url, networks, accounts);
  return { url, keyFile, token: secret };
}

/** In the order of their keys, as a table is filled fastest. */
async function fill(url: string, networks: number, accounts: readonly string[]): Promise<void> {
  const sorted = Array.from({ length: networks }, (_, number) => ({ number, key: networkKey(number) })).sort((one, other) => (one.key < other.key ? -1 : 1));
  const radios = sorted.map(({ number, key }) => ({ bssid: offeredRadio(number), number, key })).sort((one, other) => one.bssid - other.bssid);
  const database = await openDatabase({ url });
  const at = new Date();
  const offerOf = ({ number, key }: { readonly number: number; readonly key: string }): Offer => ({
    id: `off_${key}`, networkId: `net_${key}`, accountId: accounts[number % accounts.length]!, terminalId: 'tok_bench', state: 'active', tariff: tariffs[number % tariffs.length]!, guests: 5,
    hours: hours[number % hours.length], approval: number % 2 === 0 ? 'automatic' : 'manual', answerMs: 120_000, createdAt: at, changedAt: at,
  });
  const hoursText = (open: Offer['hours']) => (open === undefined ? null : JSON.stringify(offerHoursToJson(open)));
  for (let from = 0; from < networks; from += chunk) {
    const part = sorted.slice(from, from + chunk);
    await database.insertAll('networks', part.map(({ number, key }, index) => ({
      id: `net_${key}`, account_id: accounts[number % accounts.length], terminal_id: 'tok_bench', ssid: Buffer.from(networkName(number)), bssids: JSON.stringify([bssidFromNumber(offeredRadio(number))]), security: 'wpa2-psk',
      state: 'valid', reason: null, ap_id: 'ap_bench', meter_key: null, created_at: at, verified_at: at, prove_again_by: new Date(at.getTime() + 30 * 86_400_000),
      message: null, revision: from + index + 1,
    })));
    await database.insertAll('offers', part.map((each) => {
      const { tariff, hours, ...offer } = offerOf(each);
      return {
        id: offer.id, network_id: offer.networkId, account_id: offer.accountId, terminal_id: offer.terminalId, state: offer.state, tariff: JSON.stringify(tariffToJson(tariff)),
        guests: offer.guests, hours: hoursText(hours), approval: offer.approval, answer_ms: offer.answerMs, created_at: at, changed_at: at,
      };
    }));
  }
  for (let from = 0; from < networks; from += chunk) {
    const part = radios.slice(from, from + chunk);
    await database.insertAll('network_radios', part.map(({ bssid, key }) => ({ bssid, network_id: `net_${key}` })));
    await database.insertAll('offered_radios', part.map((each) => {
      const offer = offerOf(each);
      const ssid = Buffer.from(networkName(each.number));
      const network = { id: offer.networkId, ssid, bssids: [bssidFromNumber(each.bssid)], security: 'wpa2-psk', verifiedAt: at } as const;
      return {
        bssid: each.bssid, offer_id: offer.id, account_id: offer.accountId, ssid, guests: offer.guests, hours: hoursText(offer.hours), shown: shownOfferText({ offer, network }),
      };
    }));
  }
  await database.close();
}

export interface CachedOffers extends SeededOffers {
  readonly file: string;
  readonly networks: number;
}

/** A seeded SQLite file, made once for each size and schema; who writes to it takes a copy. */
export async function cachedOffers(cache: string, networks: number): Promise<CachedOffers> {
  const { folder, made } = await cached<SeededOffers>(cache, `offers-${networks}`, [tariffs.map(tariffToJson), hours, sharers], (empty) =>
    seedOffers(`sqlite:${join(empty, 'latchkey.db')}`, join(empty, 'key'), networks));
  return { ...made, file: join(folder, 'latchkey.db'), networks };
}
