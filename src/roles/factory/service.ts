import type { AuditEntry } from '../../domain/audit.ts';
import { parseDescription, parseDeviceFields, type Device } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import { admitsAp, admitsDevice, recordedActor } from '../../domain/token.ts';
import { bootstrapPublicKey, chirpHash, newBootstrapKey } from '../../protocol/bootstrap-key.ts';
import { passTmpFrom, uuidFrom } from '../../protocol/encoding.ts';
import { closeOpenAccess } from '../ap/closing.ts';
import { once } from '../idempotency.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, scopeOf, within, type ServiceContext } from '../service-context.ts';
import type { ChunkPlace, DeviceFilter, NewDevice, Store } from '../store.ts';
import { batchRevoked, beyondScope, checkChunk, confirmChunks, conflictOf, otherScope, reserveChunk, sameText } from './bulk.ts';
import type { BootstrapKey, BulkException, ClaimedIdentity, FactoryRole, Identity, IdentityComparison, NewIdentity, Registration } from './ports.ts';

/** So many identities are given out at a time. */
export const mostIdentities = 1000;

export class FactoryService implements FactoryRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async reserve(registration: Registration, idempotencyKey?: string): Promise<Identity> {
    const device = this.#parse(registration);
    const { store, clock, actor } = this.#context;
    if (idempotencyKey === undefined) {
      return store.transaction((tx) => this.#reserve(tx, device, registration.uuid !== undefined));
    }
    const reply = await once(
      store,
      clock,
      { scope: `${recordedActor(actor)} device.reserve`, key: idempotencyKey, request: canonical(registration) },
      async (tx) => {
        const { device: reserved } = await this.#reserve(tx, device, registration.uuid !== undefined);
        return { status: 201, body: reserved.uuid };
      },
    );
    const identity = await store.devices.findWithPassTmp(reply.body);
    if (identity === undefined) {
      throw new LatchkeyError('storage_corrupt', `Device ${reply.body} was reserved and is not there.`);
    }
    return identity;
  }

  #parse(registration: Registration): NewDevice {
    const { random, clock, actor } = this.#context;
    const { uuid, passTmp, ...fields } = parseDeviceFields(registration, { allowWeak: registration.allowWeak === true });
    const device = {
      uuid: uuid ?? uuidFrom(random.bytes(16)),
      passTmp: passTmp ?? passTmpFrom(random.bytes(26)),
      createdAt: clock.now(),
      ...fields,
    };
    if (!admitsDevice(scopeOf(actor), device)) {
      throw otherScope();
    }
    return device;
  }

  async #reserve(tx: Store, device: NewDevice, uuidGiven: boolean): Promise<Identity> {
    const isNew = await tx.devices.insert(device);
    if (isNew) {
      await tx.audit.append(
        auditEntry(this.#context, { action: 'device.reserved', uuid: device.uuid, detail: { ssid: device.ssid } }),
      );
    }
    const found = await tx.devices.findWithPassTmp(device.uuid);
    if (found === undefined) {
      throw new LatchkeyError('storage_corrupt', `Device ${device.uuid} was reserved and is not there.`);
    }
    if (isNew && found.device.state === 'revoked') {
      throw batchRevoked(device.batch);
    }
    const conflict = admitsDevice(scopeOf(this.#context.actor), found.device) ? conflictOf(found, device) : beyondScope(device.uuid);
    if (conflict !== undefined) {
      throw new LatchkeyError('device_conflict', uuidGiven ? conflict : `The uuid ${device.uuid} was made twice; try again.`);
    }
    return found;
  }

  async confirm(uuid: string): Promise<Device> {
    const { store, clock } = this.#context;
    return store.transaction(async (tx) => {
      const device = await this.#find(tx, uuid);
      if (device.state === 'revoked') {
        throw new LatchkeyError('device_revoked', `Device ${device.uuid} is revoked.`);
      }
      if (await tx.devices.register(device.uuid, clock.now())) {
        await tx.audit.append(auditEntry(this.#context, { action: 'device.registered', uuid: device.uuid }));
      }
      return this.#find(tx, device.uuid);
    });
  }

  /** More than any chunk has. */
  readonly mostAtOnce = 100_000;

  reserveChunk(place: ChunkPlace, identities: readonly NewIdentity[]): Promise<readonly BulkException[]> {
    return reserveChunk(this.#context, place, identities);
  }

  checkChunk(identities: readonly NewIdentity[]): Promise<readonly BulkException[]> {
    return checkChunk(this.#context, identities);
  }

  confirmChunks(upTo: ChunkPlace): Promise<number> {
    return confirmChunks(this.#context, upTo);
  }

  async identities(uuids: readonly string[]): Promise<readonly (Identity | undefined)[]> {
    if (uuids.length > mostIdentities) {
      throw new LatchkeyError('invalid_input', `Identities are given out ${mostIdentities} at a time.`);
    }
    const asked = uuids.map(parseUuid);
    const { store, actor } = this.#context;
    const found = (await store.devices.identities(asked)).filter(({ device }) => admitsDevice(scopeOf(actor), device));
    if (found.length > 0) {
      const about = found.length === 1 ? { uuid: found[0]!.device.uuid } : { detail: { count: found.length } };
      await store.audit.append(auditEntry(this.#context, { action: 'device.revealed', ...about }));
    }
    const byUuid = new Map(found.map((identity) => [identity.device.uuid, identity]));
    return asked.map((uuid) => byUuid.get(uuid));
  }

  async bootstrapKeys(uuids: readonly string[]): Promise<readonly (BootstrapKey | undefined)[]> {
    if (uuids.length > mostIdentities) {
      throw new LatchkeyError('invalid_input', `Keys are made and given out ${mostIdentities} at a time.`);
    }
    const asked = uuids.map(parseUuid);
    const found = await this.#context.store.transaction((tx) => this.#withKeys(tx, asked));
    const byUuid = new Map(found.map((key) => [key.uuid, key]));
    return asked.map((uuid) => byUuid.get(uuid));
  }

  async #withKeys(tx: Store, asked: readonly string[]): Promise<BootstrapKey[]> {
    const { clock, actor } = this.#context;
    const known = (await tx.devices.bootstrappings(asked)).filter(({ device }) => admitsDevice(scopeOf(actor), device));
    const made: string[] = [];
    // In one order, so that two who make keys of the same devices do not wait for each other.
    for (const uuid of known.flatMap(({ device, dppKey }) => (dppKey === undefined ? [device.uuid] : [])).toSorted()) {
      const key = newBootstrapKey();
      if (await tx.devices.addDppKey(uuid, { key, hash: chirpHash(bootstrapPublicKey(key)) }, clock.now())) made.push(uuid);
    }
    if (made.length > 0) {
      const about = made.length === 1 ? { uuid: made[0]! } : { detail: { count: made.length } };
      await tx.audit.append(auditEntry(this.#context, { action: 'device.key_made', ...about }));
    }
    // Some may have been made by somebody else in between: all are read again.
    const now = await tx.devices.bootstrappings(known.map(({ device }) => device.uuid));
    return now.map(({ device, dppKey, madeAt }) => ({ uuid: device.uuid, publicKey: bootstrapPublicKey(dppKey!), madeAt: madeAt! }));
  }

  async compare(uuid: string, claimed: ClaimedIdentity): Promise<IdentityComparison> {
    const { store, actor } = this.#context;
    const found = await store.devices.findWithPassTmp(parseUuid(uuid));
    if (found === undefined || !admitsDevice(scopeOf(actor), found.device)) {
      throw noDevice(uuid);
    }
    const { device, passTmp } = found;
    const differing = [
      ...(claimed.ssid === device.ssid ? [] : ['ssid' as const]),
      ...(sameText(claimed.passTmp ?? '', passTmp) ? [] : ['pass_tmp' as const]),
    ];
    await store.audit.append(
      auditEntry(this.#context, { action: 'device.compared', uuid: device.uuid, detail: differing.length === 0 ? { same: true } : { differing: differing.join(' ') } }),
    );
    return { differing, state: device.state };
  }

  async list(filter: DeviceFilter, page: PageRequest): Promise<Page<Device>> {
    return this.#context.store.devices.list({ ...filter, within: scopeOf(this.#context.actor) }, page);
  }

  async show(uuid: string): Promise<Device> {
    return this.#find(this.#context.store, uuid);
  }

  async revoke(uuid: string, reason?: string): Promise<Device> {
    const { store, clock } = this.#context;
    return store.transaction(async (tx) => {
      const device = await this.#find(tx, uuid);
      if (device.state === 'revoked') {
        return device;
      }
      const why = reason === undefined ? {} : { reason: parseDescription(reason, 'reason') };
      await closeOpenAccess(within(this.#context, tx), [device.uuid], 'device revoked');
      await tx.devices.revoke(device.uuid, clock.now());
      // Once more, under the lock of the device's row: an approval may have come in between.
      await closeOpenAccess(within(this.#context, tx), [device.uuid], 'device revoked');
      await tx.audit.append(auditEntry(this.#context, { action: 'device.revoked', uuid: device.uuid, detail: why }));
      return this.#find(tx, device.uuid);
    });
  }

  async reset(uuid: string): Promise<Device> {
    const { store, actor } = this.#context;
    return store.transaction(async (tx) => {
      const device = await this.#find(tx, uuid);
      if (device.state === 'revoked') {
        throw new LatchkeyError('device_revoked', `Device ${device.uuid} is revoked.`);
      }
      const spentBy = device.spentBy === undefined ? undefined : await tx.requests.find(device.spentBy);
      const apIds = await closeOpenAccess(within(this.#context, tx), [device.uuid], 'device reset');
      const used = spentBy === undefined ? apIds : [...apIds, spentBy.apId];
      if (!used.every((apId) => admitsAp(scopeOf(actor), apId))) {
        throw new LatchkeyError('forbidden', 'This device is in use at an access point of somebody else.');
      }
      if (device.spentBy !== undefined) {
        await tx.devices.setSpentBy(device.uuid, device.spentBy, undefined);
      }
      await tx.audit.append(auditEntry(this.#context, { action: 'device.reset', uuid: device.uuid }));
      return this.#find(tx, device.uuid);
    });
  }

  async history(uuid: string, page: PageRequest): Promise<Page<AuditEntry>> {
    const { store, actor } = this.#context;
    const device = await this.#find(store, uuid);
    const scope = scopeOf(actor);
    const { batch, revokedAt } = device;
    const revocation = batch === undefined || revokedAt === undefined ? undefined : { batch, at: revokedAt };
    const { items, next } = await store.audit.list({ uuid: device.uuid, revocation }, page, 'newest');
    return { items: items.filter(({ apId }) => apId === undefined || admitsAp(scope, apId)), next };
  }

  async #find(store: Store, uuid: string): Promise<Device> {
    const device = await store.devices.find(parseUuid(uuid));
    if (device === undefined || !admitsDevice(scopeOf(this.#context.actor), device)) {
      throw noDevice(uuid);
    }
    return device;
  }
}

function noDevice(uuid: string): LatchkeyError {
  return new LatchkeyError('device_not_found', `There is no device ${uuid}.`);
}

function canonical(registration: Registration): string {
  const { uuid, passTmp, ssid, model, batch, label, mac, allowWeak } = registration;
  const given = [uuid ?? null, passTmp ?? null, ssid, model ?? null, batch ?? null, label ?? null, allowWeak === true];
  return JSON.stringify(mac === undefined ? given : [...given, mac]);
}
