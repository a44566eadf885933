import { describe, expect, test } from 'vitest';
import { accessPointFromWire, accessPointSchema, accessPointToWire } from './access-points.ts';
import { accessRequestFromWire, accessRequestSchema, accessRequestToWire, dppAnswerFromWire, dppAnswerSchema, dppAnswerToWire } from './access-requests.ts';
import { attemptSchema, listedAttemptFromWire, listedAttemptToWire } from './attempts.ts';
import { auditEntryFromWire, auditEntrySchema, auditEntryToWire } from './audit.ts';
import { accountFromWire, accountSchema, accountToWire } from './accounts.ts';
import { checker } from './check.ts';
import {
  codeFromWire, codeOrderFromWire, codeOrderSchema, codeOrderToWire, codeSchema, codeToWire, disputeFromWire, disputeSchema, disputeToWire, issuedCodeFromWire, issuedCodeSchema,
  issuedCodeToWire, settlementInputFromWire, settlementInputSchema, settlementInputToWire, settlementRepliesFromWire, settlementRepliesSchema, settlementRepliesToWire,
  signingKeyFromWire, signingKeySchema, signingKeyToWire, trustListFromWire, trustListSchema, trustListToWire,
} from './codes.ts';
import { liveEventFromWire, liveEventSchema, liveEventToWire } from './events.ts';
import { identityFromWire, identitySchema, identityToWire } from './devices.ts';
import { grantFromWire, grantSchema, grantToWire } from './grants.ts';
import { heardNetworkFromWire, heardNetworkSchema, heardNetworkToWire } from './heard-networks.ts';
import { problemFromWire, problemSchema, problemToWire } from './problem.ts';
import type { Schema } from './schema.ts';
import { tokenFromWire, tokenSchema, tokenToWire } from './tokens.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { noUsage } from '../domain/grant.ts';

const at = new Date('2026-11-25T08:00:00.123Z');
const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';

const bareRequest = {
  id: 'req_1', uuid, apId: 'ap_1', status: 'pending', weak: false, plain: false, dpp: false, createdAt: at, expiresAt: at, revision: 7,
  deviceLabel: undefined, matchCode: undefined, model: undefined, batch: undefined, label: undefined, decidedAt: undefined,
  decidedBy: undefined, reason: undefined, grantId: undefined, deliveredAt: undefined, joinedAt: undefined,
} as const;
const bareDevice = {
  uuid, ssid: 'setup', state: 'reserved', weak: false, createdAt: at,
  model: undefined, batch: undefined, label: undefined, spentBy: undefined, registeredAt: undefined, revokedAt: undefined,
} as const;
const bareGrant = {
  id: 'grt_1', subject: { kind: 'device', id: uuid }, network: { apId: 'ap_1', ssid: 'home' }, source: 'device', startsAt: at,
  policy: 'cut', state: 'active', revision: 3, requestId: undefined, endsAt: undefined, allowedMs: undefined, waitingMs: undefined, quotaBytes: undefined, vlan: undefined, usage: noUsage,
  closedAt: undefined, closedBy: undefined, reason: undefined,
} as const;

const key = Buffer.alloc(32, 1);
const keyId = 'q3V9sT0wK1c';
const token = {
  id: 'code_q3V9sT0wK1cq3V9sT0wK1c', issuer: 'AAAAAAAAAAA', holderKey: key, currency: 'EUR', maxEach: 500n, maxTotal: 2000n, uses: 10, payees: undefined, issuedAt: at, expiresAt: at,
} as const;
const bareCode = {
  token, state: 'active', keyId, accountId: 'acc_1', terminalId: 'tok_1', paymentId: 'pay_1', settled: 0n, settledUses: 0, revokedAt: undefined, settleBy: at,
} as const;
const receiptId = key.toString('base64url');
const bareDispute = {
  id: receiptId, outcome: 'rejected', reason: undefined, at, postingId: undefined, signedReceipt: Buffer.from('receipt'), code: Buffer.from('code'), other: undefined,
  loss: { minor: 400n, currency: 'EUR' }, borneBy: 'payee',
  receipt: { registerId: 'tok_2', payeeId: 'acc_2', tokenId: token.id, counter: 1, amount: { minor: 400n, currency: 'EUR' }, at, trustAsOf: at, codeHash: key },
} as const;
const bareKey = { id: keyId, publicKey: key, revokedAt: undefined, state: 'current', createdAt: at, signsFrom: at, neededUntil: undefined } as const;
const bareAccount = {
  id: 'acc_1', kind: 'customer', name: 'Anna', currency: 'EUR', cardReference: undefined, balance: -5n, held: 0n, credit: 10n, suspendedAt: undefined, openedAt: at, closedAt: undefined,
} as const;

/** One of everything, once with all its members and once with as few as it may have. */
const samples: [string, Schema, (item: never) => unknown, (wire: never) => unknown, readonly object[]][] = [
  ['live event', liveEventSchema, liveEventToWire, liveEventFromWire, [
    { number: 3, kind: 'quota.low', at, detail: { grant_id: 'grt_1', left_bytes: 7 } }, { number: 1, kind: 'fee.set', at, detail: {} },
  ]],
  ['identity', identitySchema, identityToWire, identityFromWire, [
    { device: bareDevice, passTmp: 'k'.repeat(26) },
    { device: { ...bareDevice, model: 'lamp', batch: 'b', label: 'l', spentBy: 'req_1', registeredAt: at, revokedAt: at }, passTmp: 'é' },
  ]],
  ['access request', accessRequestSchema, accessRequestToWire, accessRequestFromWire, [
    bareRequest,
    { ...bareRequest, deviceLabel: 'x', matchCode: '0042', model: 'm', batch: 'b', label: 'l', decidedAt: at, decidedBy: 'local',
      reason: 'r', grantId: 'grt_1', deliveredAt: at, joinedAt: at },
  ]],
  ['answer to an announcement by DPP', dppAnswerSchema, dppAnswerToWire, dppAnswerFromWire, [
    { status: 'spent', asked: undefined },
    { status: 'known', asked: { request: { ...bareRequest, dpp: true }, publicKey: Buffer.from(`02${'ab'.repeat(32)}`, 'hex') } },
  ]],
  ['heard network', heardNetworkSchema, heardNetworkToWire, heardNetworkFromWire, [
    { bssid: '02:00:00:00:01:00', ssid: new Uint8Array(), signalDbm: undefined, frequencyMhz: undefined, security: 'open', ageMs: 0 },
    { bssid: '02:00:00:00:01:ff', ssid: new Uint8Array(32).fill(255), signalDbm: -51, frequencyMhz: 5180, security: 'wpa2-psk+wpa3-sae', ageMs: 1200 },
  ]],
  ['grant', grantSchema, grantToWire, grantFromWire, [
    bareGrant,
    { ...bareGrant, requestId: 'req_1', endsAt: at, quotaBytes: 2n ** 70n, closedAt: at, closedBy: 'local', reason: 'r' },
  ]],
  ['token', tokenSchema, tokenToWire, tokenFromWire, [
    { id: 'tok_1', role: 'ap', name: 'hall', scope: {}, apId: undefined, createdAt: at, lastUsedAt: undefined, revokedAt: undefined },
    { id: 'tok_1', role: 'ap', name: 'hall', scope: { models: ['m'], batches: ['b'], uuids: [uuid], aps: ['ap_1'] }, apId: 'ap_1',
      createdAt: at, lastUsedAt: at, revokedAt: at },
  ]],
  ['attempt', attemptSchema, listedAttemptToWire, listedAttemptFromWire, [
    { id: 'att_1', apId: 'ap_1', at, uuid: undefined, from: '192.0.2.7', outcome: 'asked', detail: undefined },
    { id: 'att_1', apId: 'ap_1', at, uuid, from: '2001:db8::7', outcome: 'bad_proof', detail: 'd' },
  ]],
  ['access point', accessPointSchema, accessPointToWire, accessPointFromWire, [
    { id: 'ap_1', name: 'hall', ssid: undefined, onboardingSsid: undefined, createdAt: at, lastSeenAt: undefined, revision: 0 },
    { id: 'ap_1', name: 'hall', ssid: 's', onboardingSsid: 'o', createdAt: at, lastSeenAt: at, revision: 9 },
  ]],
  ['account', accountSchema, accountToWire, accountFromWire, [bareAccount, { ...bareAccount, cardReference: 'card', suspendedAt: at, closedAt: at }]],
  ['order of a code', codeOrderSchema, codeOrderToWire, codeOrderFromWire, [
    { maxEach: 500n, uses: 10, payees: undefined, validMs: 60_000, holderKey: key },
    { maxEach: 500n, uses: 1_000_000, payees: ['acc_1', 'acc_2'], validMs: 23 * 86_400_000, holderKey: key },
  ]],
  ['credit payment code', codeSchema, codeToWire, codeFromWire, [bareCode, { ...bareCode, token: { ...token, payees: ['acc_2'] }, state: 'revoked', settled: 400n, settledUses: 1, revokedAt: at }]],
  ['credit payment code as it was signed', issuedCodeSchema, issuedCodeToWire, issuedCodeFromWire, [{ ...bareCode, signed: Buffer.from('signed') }]],
  ['dispute', disputeSchema, disputeToWire, disputeFromWire, [
    bareDispute,
    { ...bareDispute, outcome: 'duplicate', reason: 'r', postingId: 'pst_1', borneBy: 'operator', other: { id: receiptId, signedReceipt: Buffer.from('other') } },
  ]],
  ['accepted codes', settlementInputSchema, settlementInputToWire, settlementInputFromWire, [[], [{ code: Buffer.from('code'), receipt: Buffer.from('receipt') }]]],
  ['outcomes of settling', settlementRepliesSchema, settlementRepliesToWire, settlementRepliesFromWire, [
    [{ id: receiptId, outcome: 'settled', reason: undefined }, { id: receiptId, outcome: 'late', reason: 'r' }],
  ]],
  ['trust list', trustListSchema, trustListToWire, trustListFromWire, [
    { issuer: 'AAAAAAAAAAA', asOf: at, keys: [], revoked: [] },
    { issuer: 'AAAAAAAAAAA', asOf: at, keys: [{ id: keyId, publicKey: key, revokedAt: undefined }, { id: keyId, publicKey: key, revokedAt: at }], revoked: [token.id] },
  ]],
  ['signing key', signingKeySchema, signingKeyToWire, signingKeyFromWire, [bareKey, { ...bareKey, state: 'revoked', revokedAt: at, neededUntil: at }]],
  ['audit entry', auditEntrySchema, auditEntryToWire, auditEntryFromWire, [
    { id: 1n, at, actor: 'local', action: 'device.reset', uuid: undefined, apId: undefined, detail: {} },
    { id: 2n ** 63n, at, actor: 'ap:hall', action: 'device.asked', uuid, apId: 'ap_1', detail: { a: 'b', n: 1, t: true } },
    { id: 3n, at, actor: 'ap:hall', action: 'device.asked', uuid: undefined, apId: 'ap_1', detail: {}, asked: [{ uuid, at, status: 'known' }] },
  ]],
];

describe.each(samples)('%s', (_name, schema, toWire, fromWire, items) => {
  test('keeps everything from domain to wire and back, through JSON', () => {
    for (const item of items) {
      const wire: unknown = JSON.parse(JSON.stringify(toWire(item as never)));
      expect(checker(schema)(wire)).toEqual({ ok: true, value: wire });
      expect(fromWire(wire as never)).toEqual(item);
    }
  });
});

describe('problem document', () => {
  test('says what went wrong with the input, and comes back as the same error', () => {
    const error = new LatchkeyError('invalid_input', 'Two things.', { problems: [{ pointer: '/a', detail: 'is not known here' }] });
    const wire = problemToWire(error, 'r1');
    expect(wire).toEqual({
      type: 'urn:latchkey:error:invalid_input', title: 'The input is not valid', status: 400, detail: 'Two things.',
      code: 'invalid_input', instance: 'urn:latchkey:request:r1', errors: [{ pointer: '/a', detail: 'is not known here' }],
    });
    expect(checker(problemSchema)(wire).ok).toBe(true);
    expect(problemFromWire(wire)).toMatchObject({ code: 'invalid_input', message: 'Two things.', problems: error.problems });
  });

  test('keeps what is inside the server inside', () => {
    const wire = problemToWire(new LatchkeyError('storage_unavailable', 'connect ECONNREFUSED /var/db'));
    expect(wire).toEqual({
      type: 'urn:latchkey:error:storage_unavailable', title: 'The database cannot be used', status: 503, code: 'storage_unavailable',
    });
  });

  test('a code of nobody’s table is no error of ours', () => {
    expect(problemFromWire({ type: 'about:blank', title: 'x', status: 500, code: 'toString' })).toBeUndefined();
  });
});
