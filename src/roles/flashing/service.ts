import { parseDescription, type Device } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Flash } from '../../domain/flash.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import { admitsDevice } from '../../domain/token.ts';
import { auditEntry, newId, scopeOf, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { FlashBegin, FlashBegun, FlashEnd, FlashingRole } from './ports.ts';

/** After this long a station that never said how it ended has lost its claim to who asks next. */
const leaseMs = 15 * 60_000;
const mostOpen = 1000;
const longestDetail = 256;

export class FlashingService implements FlashingRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async begin(uuid: string, { station, operator, again = false }: FlashBegin): Promise<FlashBegun> {
    const { store, clock } = this.#context;
    const names = { station: parseDescription(station, 'name of a station'), operator: parseDescription(operator, 'name of an operator') };
    return store.transaction(async (tx) => {
      const { uuid: known, batch } = await this.#find(tx, uuid);
      const startedAt = clock.now();
      const before = await tx.flashes.openOf(known);
      if (before !== undefined) {
        if (before.station !== names.station && startedAt.getTime() - before.startedAt.getTime() < leaseMs) {
          throw beingFlashed(before);
        }
        await this.#end(tx, before, { result: 'abandoned', detail: `taken over at ${names.station}` });
      }
      const flash: Flash = { id: newId(this.#context, 'fls'), uuid: known, batch, ...names, startedAt, endedAt: undefined, result: undefined, detail: undefined };
      if (!(await tx.flashes.insert(flash))) {
        throw new LatchkeyError('device_being_flashed', `Another station was faster to claim device ${known}.`);
      }
      // Only now, under the claim, does nobody else make it a flashed one.
      requireFlashable(await this.#find(tx, known), again);
      return { flash, resumed: before?.station === names.station };
    });
  }

  async end(uuid: string, flashId: string, { result, detail }: FlashEnd): Promise<Flash> {
    const { store } = this.#context;
    if (detail !== undefined && (detail.length > longestDetail || /[\u0000-\u001f\u007f]/.test(detail))) {
      throw new LatchkeyError('invalid_input', `What is said of a flashing has at most ${longestDetail} characters and no control characters.`);
    }
    return store.transaction(async (tx) => {
      const device = await this.#find(tx, uuid);
      const flash = await tx.flashes.find(device.uuid, flashId);
      if (flash === undefined) {
        throw new LatchkeyError('flash_not_found', `Device ${device.uuid} has no flashing ${flashId}.`);
      }
      const ended = await this.#end(tx, flash, { result, detail });
      if (ended !== undefined) {
        return ended;
      }
      const already = await tx.flashes.find(device.uuid, flashId);
      if (already?.result !== result) {
        throw new LatchkeyError('device_being_flashed', `This flashing of device ${device.uuid} is over: it was ${already?.result}.`);
      }
      return already;
    });
  }

  async open(station: string): Promise<readonly Flash[]> {
    const { store, actor } = this.#context;
    const flashes = await store.flashes.openAt(parseDescription(station, 'name of a station'), mostOpen);
    const scope = scopeOf(actor);
    const devices = await Promise.all(flashes.map(({ uuid }) => store.devices.find(uuid)));
    return flashes.filter((_, index) => devices[index] !== undefined && admitsDevice(scope, devices[index]));
  }

  /** Undefined if it is ended already. */
  async #end(tx: Store, { uuid, id }: Flash, { result, detail }: FlashEnd): Promise<Flash | undefined> {
    const at = this.#context.clock.now();
    const ended = await tx.flashes.end(uuid, id, { at, result, detail });
    if (ended === undefined) {
      return undefined;
    }
    if (result === 'ok') {
      await tx.devices.setFlashed(uuid, at);
    }
    const { station, operator } = ended;
    const about = { station, operator, flash_id: id };
    await tx.audit.append(
      auditEntry(
        this.#context,
        result === 'ok'
          ? { action: 'device.flashed', uuid, detail: about }
          : { action: 'device.flash_failed', uuid, detail: { ...about, result, ...(detail === undefined ? {} : { reason: detail }) } },
      ),
    );
    return ended;
  }

  async #find(store: Store, uuid: string): Promise<Device> {
    const device = await store.devices.find(parseUuid(uuid));
    if (device === undefined || !admitsDevice(scopeOf(this.#context.actor), device)) {
      throw new LatchkeyError('device_not_found', `There is no device ${uuid}.`);
    }
    return device;
  }
}

function requireFlashable({ uuid, state, flashedAt }: Device, again: boolean): void {
  if (state === 'revoked') {
    throw new LatchkeyError('device_revoked', `Device ${uuid} is revoked.`);
  }
  if (state === 'reserved') {
    throw new LatchkeyError('device_not_registered', `Device ${uuid} is reserved and not registered yet.`);
  }
  if (flashedAt !== undefined && !again) {
    throw new LatchkeyError('device_flashed', `Device ${uuid} was flashed on ${flashedAt.toISOString()}.`);
  }
}

function beingFlashed({ uuid, station, operator, startedAt }: Flash): LatchkeyError {
  return new LatchkeyError('device_being_flashed', `Device ${uuid} is being flashed at station ${station} by ${operator}, since ${startedAt.toISOString()}.`);
}
