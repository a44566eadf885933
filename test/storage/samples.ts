import { randomBytes, randomUUID } from 'node:crypto';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import type { Attempt } from '../../src/domain/audit.ts';
import { newGrant as grantAsMade, type Grant } from '../../src/domain/grant.ts';
import type { Token } from '../../src/domain/token.ts';
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
