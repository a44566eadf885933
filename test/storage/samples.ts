import { randomBytes, randomUUID } from 'node:crypto';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import type { Attempt } from '../../src/domain/audit.ts';
import { newGrant as grantAsMade, type Grant } from '../../src/domain/grant.ts';
import type { Challenge, Network } from '../../src/domain/network.ts';
import type { Token } from '../../src/domain/token.ts';
import type { Payment } from '../../src/domain/payment.ts';
import type { KeptReceipt, NewKey, StoredCode } from '../../src/roles/codes/store.ts';
import type { AddressedEvent } from '../../src/roles/events/store.ts';
import type { EnrollCode, NewDevice, Store } from '../../src/roles/store.ts';

export const start = new Date('2026-11-01T08:00:00.123Z');

export function after(ms: number): Date {
  return new Date(start.getTime() + ms);
}

export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString('base64url')}`;
}

export function newDevice(parts: Partial<NewDevice> = {}): NewDevice {
  return {
    uuid: randomUUID(),
    ssid: 'Setup',
    model: 'lamp-2',
    batch: undefined,
    label: undefined,
    mac: undefined,
    weak: false,
    createdAt: start,
    passTmp: 'k3x9v0m2q8w4z7r1c5n6b8d2fg',
    ...parts,
  };
}

export async function addDevice(store: Store, parts: Partial<NewDevice> = {}): Promise<string> {
  const device = newDevice(parts);
  await store.devices.insert(device);
  return device.uuid;
}

export async function addAccessPoint(store: Store, id = newId('ap')): Promise<string> {
  await store.accessPoints.insert({ id, name: 'Workshop', createdAt: start });
  return id;
}

export function newEvent(terminalId: string, parts: Partial<AddressedEvent> = {}): AddressedEvent {
  return { terminalId, kind: 'fee.set', at: start, detail: { request_id: 'req_1' }, ...parts };
}

export function newRequest(parts: Pick<AccessRequest, 'uuid' | 'apId'> & Partial<AccessRequest>): AccessRequest {
  return {
    id: newId('req'),
    status: 'pending',
    deviceLabel: undefined,
    matchCode: undefined,
    model: undefined,
    batch: undefined,
    label: undefined,
    weak: false,
    plain: false,
    dpp: false,
    createdAt: start,
    expiresAt: after(3_600_000),
    decidedAt: undefined,
    decidedBy: undefined,
    reason: undefined,
    grantId: undefined,
    deliveredAt: undefined,
    joinedAt: undefined,
    revision: 1,
    ...parts,
  };
}

export function newGrant(apId: string, parts: Partial<Grant> = {}): Grant {
  const grant = grantAsMade({ id: newId('grt'), subject: { kind: 'device', id: randomUUID() }, network: { apId, ssid: 'Home' }, source: 'device', startsAt: start, revision: 1 });
  return { ...grant, ...parts };
}

export function newToken(parts: Partial<Token> = {}): Token {
  return {
    id: newId('tok'),
    role: 'factory',
    name: 'line 3',
    scope: {},
    apId: undefined,
    createdAt: start,
    lastUsedAt: undefined,
    revokedAt: undefined,
    ...parts,
  };
}

export function newEnrollCode(parts: Partial<EnrollCode> = {}): EnrollCode {
  return { id: newId('enr'), role: 'ap', scope: {}, createdAt: start, expiresAt: after(3_600_000), ...parts };
}

export function newAttempt(parts: Partial<Attempt> = {}): Attempt {
  return {
    id: newId('att'),
    at: start,
    uuid: randomUUID(),
    from: '192.0.2.7',
    outcome: 'asked',
    detail: undefined,
    ...parts,
  };
}

export function newCodeKey(parts: Partial<NewKey> = {}): NewKey {
  return { id: randomBytes(8).toString('base64url'), publicKey: randomBytes(32), seed: randomBytes(32), createdAt: start, signsFrom: start, ...parts };
}

export interface AddedCode {
  readonly code: StoredCode;
  readonly payment: Payment;
}

/** A code of 20.00 in 10 uses, of a payer who has 50.00 and nothing else, with the payment that holds it. */
export async function addCode(store: Store, parts: Partial<Parameters<Store['creditCodes']['insert']>[0]> = {}): Promise<AddedCode> {
  const [accountId, outside, key] = [newId('acc'), 'out_EUR', newCodeKey()];
  const account = { currency: 'EUR', cardReference: undefined, contact: undefined, openedAt: start };
  await store.accounts.insert({ ...account, id: outside, kind: 'outside', name: outside });
  await store.accounts.insert({ ...account, id: accountId, kind: 'customer', name: accountId });
  await store.postings.insert({
    id: newId('pst'), at: start, kind: 'loss', debitId: outside, creditId: accountId, amount: { minor: 5000n, currency: 'EUR' }, paymentId: undefined, actor: 'local', memo: undefined,
  });
  await store.codeKeys.insert(key);
  const payment: Payment = {
    id: newId('pay'), accountId, key: newId('key'), terminalId: newId('tok'), state: 'held', payeeId: 'codes_EUR', amount: { minor: 2000n, currency: 'EUR' },
    captured: 0n, refunded: 0n, memo: undefined, at: start, expiresAt: after(8 * 86_400_000), endedAt: undefined, reason: undefined,
  };
  await store.payments.insert(payment, { fingerprint: randomBytes(32), reply: '{}' });
  const code = {
    token: {
      id: newId('code'), issuer: 'issuer', holderKey: randomBytes(32), currency: 'EUR', maxEach: 500n, maxTotal: 2000n, uses: 10, payees: undefined,
      issuedAt: start, expiresAt: after(86_400_000),
    },
    keyId: key.id, accountId, terminalId: payment.terminalId, paymentId: payment.id, key: payment.key, settleBy: payment.expiresAt!, signed: randomBytes(200), ...parts,
  };
  await store.creditCodes.insert(code);
  const { key: _key, ...kept } = code;
  return { code: { ...kept, settled: 0n, settledUses: 0, revokedAt: undefined }, payment };
}

export function newCodeReceipt(tokenId: string, parts: Partial<KeptReceipt> = {}): KeptReceipt {
  return {
    id: randomBytes(32).toString('base64url'), tokenId, counter: 1, registerId: 'tok_1', payeeId: 'acc_1', amount: { minor: 100n, currency: 'EUR' }, outcome: 'settled', reason: undefined,
    at: start, signedReceipt: randomBytes(100), code: randomBytes(300), postingId: newId('pst'), otherId: undefined, borneBy: 'payee', ...parts,
  };
}

/** A customer's account without money. */
export async function addAccount(store: Store, id = newId('acc')): Promise<string> {
  await store.accounts.insert({ id, kind: 'customer', name: id, currency: 'EUR', cardReference: undefined, contact: undefined, openedAt: start });
  return id;
}

let radios = 0;

/** One that no other sample has. */
export function newBssid(): string {
  radios += 1;
  return `02:${radios.toString(16).padStart(10, '0').match(/../g)!.join(':')}`;
}

export function ssidBytes(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

/** A network of an account and access point of its own. */
/** Proven for longer than this is tested: the program goes by the day on which that is. */
export async function addNetwork(store: Store, parts: Partial<Omit<Network, 'revision' | 'message'>> = {}): Promise<Network> {
  const network = {
    id: newId('net'), accountId: parts.accountId ?? await addAccount(store), terminalId: newId('tok'), ssid: ssidBytes('CoffeeHouse'), bssids: [newBssid()],
    security: 'wpa2-psk', state: 'valid', reason: undefined, apId: parts.apId ?? await addAccessPoint(store), meterKey: undefined, createdAt: start,
    verifiedAt: start, proveAgainBy: new Date('2100-01-01T00:00:00.000Z'), ...parts,
  } as const;
  await store.networks.insert(network);
  return (await store.networks.find(network.id))!;
}

export function newChallenge(network: Network, parts: Partial<Challenge> = {}): Challenge {
  return {
    id: newId('chl'), networkId: network.id, accountId: network.accountId, terminalId: network.terminalId, first: network.ssid, second: ssidBytes('CoffeeHouse-kiwcu2x3y4'),
    bssids: network.bssids, security: network.security, state: 'pending', witnesses: 1, witnessed: 0, errors: [], createdAt: start, expiresAt: after(1_800_000),
    decidedAt: undefined, ...parts,
  };
}
