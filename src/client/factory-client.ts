import { auditEntryFromWire } from '../api/audit.ts';
import { bootstrapKeyFromWire, claimToWire, deviceFromWire, identityFromWire, registrationToWire } from '../api/devices.ts';
import { bulkExceptionFromWire, mostInPart, newIdentityToWire } from '../api/bulk.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { parseMac, type Device } from '../domain/device.ts';
import { parseUuid } from '../domain/identifiers.ts';
import type { BootstrapKey, BulkException, ClaimedIdentity, FactoryRole, Identity, IdentityComparison, NewIdentity, Registration } from '../roles/factory/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { ChunkPlace, DeviceFilter } from '../roles/store.ts';
import type { HttpClient } from './http-client.ts';

export class FactoryClient implements FactoryRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async reserve(registration: Registration, idempotencyKey?: string): Promise<Identity> {
    const uuid = registration.uuid === undefined ? undefined : parseUuid(registration.uuid);
    const mac = registration.mac === undefined ? undefined : parseMac(registration.mac);
    const body = registrationToWire({ ...registration, uuid, mac });
    return identityFromWire(await this.#http.call(routes.reserveDevice, { body, idempotencyKey }));
  }

  async confirm(uuid: string): Promise<Device> {
    return deviceFromWire(await this.#http.call(routes.confirmDevice, { params: { uuid: parseUuid(uuid) } }));
  }

  readonly mostAtOnce = mostInPart;

  async reserveChunk({ run, number }: ChunkPlace, identities: readonly NewIdentity[]): Promise<readonly BulkException[]> {
    const body = { number, devices: identities.map(newIdentityToWire) };
    return (await this.#http.call(routes.reserveChunk, { params: { run: String(run) }, body })).exceptions.map(bulkExceptionFromWire);
  }

  async checkChunk(identities: readonly NewIdentity[]): Promise<readonly BulkException[]> {
    return (await this.#http.call(routes.checkChunk, { body: { devices: identities.map(newIdentityToWire) } })).exceptions.map(bulkExceptionFromWire);
  }

  async confirmChunks({ run, number }: ChunkPlace): Promise<number> {
    return (await this.#http.call(routes.confirmChunks, { params: { run: String(run) }, body: { number } })).registered;
  }

  async identities(uuids: readonly string[]): Promise<readonly (Identity | undefined)[]> {
    const asked = uuids.map(parseUuid);
    const { items } = await this.#http.call(routes.revealIdentities, { body: { uuids: asked } });
    const byUuid = new Map(items.map((wire) => [wire.uuid, identityFromWire(wire)]));
    return asked.map((uuid) => byUuid.get(uuid));
  }

  async bootstrapKeys(uuids: readonly string[]): Promise<readonly (BootstrapKey | undefined)[]> {
    const asked = uuids.map(parseUuid);
    const { items } = await this.#http.call(routes.makeBootstrapKeys, { body: { uuids: asked } });
    const byUuid = new Map(items.map((wire) => [wire.uuid, bootstrapKeyFromWire(wire)]));
    return asked.map((uuid) => byUuid.get(uuid));
  }

  async compare(uuid: string, claimed: ClaimedIdentity): Promise<IdentityComparison> {
    return this.#http.call(routes.compareDevice, { params: { uuid: parseUuid(uuid) }, body: claimToWire(claimed) });
  }

  async list(filter: DeviceFilter, page: PageRequest): Promise<Page<Device>> {
    const { model, batch, state } = filter;
    const query = { ...present({ model, batch, state }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listDevices, { query }), deviceFromWire);
  }

  async show(uuid: string): Promise<Device> {
    return deviceFromWire(await this.#http.call(routes.showDevice, { params: { uuid: parseUuid(uuid) } }));
  }

  async revoke(uuid: string, reason?: string): Promise<Device> {
    const input = { params: { uuid: parseUuid(uuid) }, body: present({ reason }) };
    return deviceFromWire(await this.#http.call(routes.revokeDevice, input));
  }

  async reset(uuid: string): Promise<Device> {
    return deviceFromWire(await this.#http.call(routes.resetDevice, { params: { uuid: parseUuid(uuid) } }));
  }

  async history(uuid: string, page: PageRequest): Promise<Page<AuditEntry>> {
    const input = { params: { uuid: parseUuid(uuid) }, query: pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.deviceHistory, input), auditEntryFromWire);
  }
}
