import { LatchkeyError } from '../domain/errors.ts';
import { parseDescription, parseMac, parsePassTmp } from '../domain/device.ts';
import { parseUuid } from '../domain/identifiers.ts';
import { parseSsid } from '../domain/ssid.ts';
import { isBadLine, type Row } from '../formats/rows.ts';
import { readIdentityRows, type IdentityColumn } from '../formats/identity-rows.ts';
import type { FactoryRole, Identity } from '../roles/factory/ports.ts';
import { fileFlag, uuidFlag } from './flags.ts';
import { readInput } from './input-file.ts';
import { isReject, rejectedRow, rejectOfLine, type Reject } from './rejects-file.ts';

/** What is written into a device or onto its label. */
export interface FoundIdentity extends Pick<Identity['device'], 'uuid' | 'ssid' | 'model' | 'batch' | 'label' | 'mac'> {
  /** In the file, if it came from one. */
  readonly line: number | undefined;
  /** Undefined where nobody asked for it. */
  readonly passTmp: string | undefined;
  readonly dppKey: Uint8Array | undefined;
  /** Undefined if the registry was not asked. */
  readonly flashedAt: Date | undefined;
  /** What its row has in the columns that were asked for beside those of identities. */
  readonly extra: Readonly<Record<string, string | undefined>>;
}

export type IdentityOrReject = FoundIdentity | Reject;

/** On commands that work on many devices. */
export const identitySourceFlags = {
  uuid: uuidFlag({ description: 'This device; may be given several times.', multiple: true, multipleNonGreedy: true, exclusive: ['from'] }),
  from: fileFlag({ description: 'The devices in this file, CSV with a header or NDJSON; - for stdin.' }),
};

export interface IdentitySourceOptions {
  readonly uuid: readonly string[] | undefined;
  readonly from: string | undefined;
  /** The same each time; opened when it is first needed. */
  readonly factory: () => Promise<FactoryRole>;
  /** Whether secrets are needed: a row without its pass_tmp is looked up then. */
  readonly secrets: boolean;
  /** Whether every device is looked up, even one whose row says all: for its DPP key, or whether it was flashed. */
  readonly lookUp?: boolean | undefined;
  /** Columns that the file may have beside those of identities; what they hold goes into no reject. */
  readonly extra?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how much of a file was read, from 0 to 1. */
  readonly taken?: ((share: number) => void) | undefined;
}

const atOnce = 1000;
/** One request each. */
const shownAtOnce = 32;

/**
 * The devices that `--uuid` or `--from` name, some at a time; each is told of, those that cannot be used as rejects.
 * Errors: `missing_input` if neither flag is given; those of reading the file and of the registry.
 */
export async function* readIdentities(options: IdentitySourceOptions): AsyncGenerator<readonly IdentityOrReject[]> {
  const { uuid, from, signal, taken, extra = [] } = options;
  if (from === undefined) {
    if (uuid === undefined || uuid.length === 0) {
      throw new LatchkeyError('missing_input', 'Which devices? Give --uuid UUID or --from FILE.');
    }
    const rows = uuid.map((text, index): IdentityRow => ({ line: index + 1, values: { uuid: text } }));
    for (const group of groupsOf(rows, atOnce)) {
      yield await resolve(group, options);
    }
    return;
  }
  for await (const lines of readIdentityRows(readInput(from, '--from', { signal, taken }), { required: ['uuid'], extra })) {
    const bad = lines.filter(isBadLine).map(rejectOfLine);
    if (bad.length > 0) {
      yield bad;
    }
    for (const group of groupsOf(lines.filter((line): line is IdentityRow => !isBadLine(line)), atOnce)) {
      yield await resolve(group, options);
    }
  }
}

interface IdentityRow extends Row<IdentityColumn> {
  readonly values: Row<IdentityColumn>['values'] & Readonly<Record<string, string | undefined>>;
}

async function resolve(rows: readonly IdentityRow[], options: IdentitySourceOptions): Promise<IdentityOrReject[]> {
  const { secrets, lookUp = false, from, extra = [] } = options;
  const read = rows.map((row) => attempt(row, () => fromRow(row, from === undefined ? undefined : row.line, extra)));
  const wanting = (item: FoundIdentity) =>
    lookUp || from === undefined || item.ssid === '' || (secrets && item.passTmp === undefined);
  const asked = read.flatMap((item) => (!isReject(item) && wanting(item) ? [item.uuid] : []));
  if (asked.length === 0) {
    return read;
  }
  const found = await lookedUp(asked, await options.factory(), secrets);
  return read.map((item, index) => {
    if (isReject(item) || !wanting(item)) {
      return item;
    }
    const known = found.get(item.uuid);
    return known === undefined
      ? { line: rows[index]!.line, code: 'device_not_found', reason: `There is no device ${item.uuid}.`, row: { uuid: item.uuid } }
      : merged(item, known, rows[index]!.line);
  });
}

async function lookedUp(uuids: readonly string[], factory: FactoryRole, secrets: boolean): Promise<ReadonlyMap<string, Partial<Identity> & Pick<Identity, 'device'>>> {
  if (secrets) {
    const identities = await factory.identities(uuids);
    return new Map(identities.flatMap((identity) => (identity === undefined ? [] : [[identity.device.uuid, identity]])));
  }
  const found = new Map<string, Pick<Identity, 'device'>>();
  for (const group of groupsOf(uuids, shownAtOnce)) {
    for (const device of await Promise.all(group.map((uuid) => factory.show(uuid).catch(undefinedIfAbsent)))) {
      if (device !== undefined) found.set(device.uuid, { device });
    }
  }
  return found;
}

function undefinedIfAbsent(error: unknown): undefined {
  if (error instanceof LatchkeyError && error.code === 'device_not_found') {
    return undefined;
  }
  throw error;
}

/** What the row says and the registry does not is a mistake that would end up in a device; what is revoked gets on nowhere. */
function merged(item: FoundIdentity, { device, passTmp, dppKey }: Partial<Identity> & Pick<Identity, 'device'>, line: number): IdentityOrReject {
  if (device.state === 'revoked') {
    return { line, code: 'device_revoked', reason: `Device ${item.uuid} is revoked.`, row: { uuid: item.uuid } };
  }
  const differs = (['model', 'batch', 'label', 'mac'] as const).filter((field) => item[field] !== undefined && item[field] !== device[field]);
  const all = [
    ...(item.ssid !== '' && item.ssid !== device.ssid ? ['ssid'] : []),
    ...(item.passTmp !== undefined && passTmp !== undefined && item.passTmp !== passTmp ? ['pass_tmp'] : []),
    ...differs,
  ];
  if (all.length > 0) {
    return { line, code: 'device_conflict', reason: `Device ${item.uuid} is in the registry with another ${all.join(', ')}.`, row: { uuid: item.uuid } };
  }
  const { uuid, ssid, model, batch, label, mac, flashedAt } = device;
  return { line: item.line, uuid, ssid, model, batch, label, mac, flashedAt, passTmp: passTmp ?? item.passTmp, dppKey, extra: item.extra };
}

function fromRow({ values }: IdentityRow, line: number | undefined, extra: readonly string[]): FoundIdentity {
  const { uuid, ssid, pass_tmp: passTmp, model, batch, label, mac } = values;
  const described = (text: string | undefined, what: string) => (text === undefined ? undefined : parseDescription(text, what));
  return {
    line,
    uuid: parseUuid(uuid!),
    // Looked up where the row has none.
    ssid: ssid === undefined ? '' : parseSsid(ssid),
    passTmp: passTmp === undefined ? undefined : parsePassTmp(passTmp, { allowWeak: true }).passTmp,
    model: described(model, 'model'),
    batch: described(batch, 'batch'),
    label: described(label, 'label'),
    mac: mac === undefined ? undefined : parseMac(mac),
    dppKey: undefined,
    flashedAt: undefined,
    extra: Object.fromEntries(extra.map((name) => [name, values[name]])),
  };
}

/** A row that the domain refuses, as a reject. */
function attempt<T>({ line, values }: IdentityRow, parse: () => T): T | Reject {
  try {
    return parse();
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return { line, code: error.code, reason: error.message, row: rejectedRow(values) };
    }
    throw error;
  }
}

function* groupsOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) {
    yield items.slice(from, from + size);
  }
}
