import { setImmediate } from 'node:timers/promises';
import { sql, type Selectable } from 'kysely';
import type { AuditAction, AuditEntry } from '../../domain/audit.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { AuditHead, AuditRepository, AuditVerification, NewAuditEntry } from '../../roles/store.ts';
import { firstLink, linkHash } from '../audit-chain.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type AuditChainTable, type AuditEntryTable } from '../tables.ts';

type Row = Selectable<AuditEntryTable>;

/** How many entries are sealed in one transaction, and verified by one read; between them others get their turn. */
const batch = 500;
/** In one transaction: each commit costs all who read SQLite what they have in memory of it. */
const batchesSealed = 10;

/** As an entry's detail is stored: in `asked` uuid, ms since 1970 and status of each; all else is the entry's own. */
interface StoredDetail {
  readonly asked?: readonly (readonly [string, number, string])[];
}

function toEntry(row: Row): AuditEntry {
  const { asked, ...detail } = JSON.parse(row.detail) as StoredDetail;
  return {
    id: BigInt(row.id),
    at: date(row.at),
    actor: row.actor,
    action: row.action as AuditAction,
    uuid: row.uuid ?? undefined,
    apId: row.ap_id ?? undefined,
    detail,
    asked: asked?.map(([uuid, at, status]) => ({ uuid, at: new Date(at), status })),
  };
}

/** What the entry says of one device; undefined if it is about others, whose uuids end alike. */
function aboutDevice(entry: AuditEntry, uuid: string): AuditEntry | undefined {
  const { asked, ...common } = entry;
  if (asked === undefined) {
    return { ...entry, uuid };
  }
  const device = asked.find((one) => one.uuid === uuid);
  return device && { ...common, uuid, at: device.at, detail: { ...common.detail, status: device.status } };
}

/** Of the entries of a revoked batch those that count devices are about how far it came, not about one device. */
function isAbout({ action, detail }: AuditEntry, batch: string | undefined): boolean {
  return action !== 'batch.revoked' || (detail['batch'] === batch && !('count' in detail));
}

/** The last 48 bits, under which `audit_asked` has the device. */
function deviceKey(uuid: string): number {
  return Number.parseInt(uuid.slice(-12), 16);
}

/** Entries of one block; a device is looked for in each of the blocks. */
const blockSize = 512;

/**
 * The ids of the entries about one device, alone or among others, whose uuids may only end alike; and of those with
 * which a batch was revoked at a moment, any batch.
 */
function entriesAbout(uuid: string, batchRevokedAt: Date | undefined) {
  const ofBatch = batchRevokedAt === undefined ? sql`` : sql`select id from audit_entries where action = 'batch.revoked' and at = ${batchRevokedAt} union all`;
  return sql<Row['id']>`(
    ${ofBatch}
    select id from audit_entries where uuid = ${uuid}
    union all
    select entry from devices join (
      select id, reserved_entry as entry from chunks union all select id, registered_entry from chunks) as made on made.id = devices.chunk
      where devices.uuid = ${uuid} and entry is not null
    union all
    select entry_id from (
      with recursive blocks (number) as (
        select min(block) from audit_asked
        union all
        select (select min(block) from audit_asked where block > number) from blocks where number is not null)
      select entry_id from blocks join audit_asked on block = number and device = ${deviceKey(uuid)}) as among_others)`;
}

/** Two whose uuids end alike are one: whoever makes up uuids must not make the whole group fail. */
function deviceKeys(uuids: readonly string[]): number[] {
  return [...new Set(uuids.map(deviceKey))];
}

function toRow({ at, actor, action, uuid, apId, detail, asked }: NewAuditEntry) {
  return {
    at,
    actor,
    action,
    uuid: uuid ?? null,
    ap_id: apId ?? null,
    detail: JSON.stringify({ ...detail, asked: asked?.map((device) => [device.uuid, device.at.getTime(), device.status]) }),
  };
}

/** Adds one entry and gives its id. */
export async function appendOne(db: Database, entry: NewAuditEntry): Promise<Row['id']> {
  const [added] = await db.change(adding, toRow(entry));
  return added!.id;
}

const adding: PreparedQuery<ReturnType<typeof toRow>, Pick<Row, 'id'>> = (db, { at, actor, action, uuid, ap_id, detail }) =>
  db.insertInto('audit_entries').values({ at, actor, action, uuid, ap_id, detail }).returning('id');

function toHead(link: Selectable<AuditChainTable> | undefined): AuditHead | undefined {
  return link === undefined
    ? undefined
    : { id: BigInt(link.entry_id), count: BigInt(link.position), hash: link.hash };
}

export class AuditLog implements AuditRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async append(...entries: readonly NewAuditEntry[]): Promise<void> {
    if (entries.some(({ asked }) => asked !== undefined)) {
      await this.#db.transaction((tx) => appendAsked(tx, entries));
    } else {
      await this.#db.insertAll('audit_entries', entries.map(toRow));
    }
  }

  async list(
    filter: Parameters<AuditRepository['list']>[0],
    page: PageRequest,
    first: 'oldest' | 'newest' = 'oldest',
  ): Promise<Page<AuditEntry>> {
    const limit = pageLimit(page);
    const [direction, behind] = first === 'oldest' ? (['asc', '>'] as const) : (['desc', '<'] as const);
    let query = this.#db.read.selectFrom('audit_entries').selectAll().orderBy('id', direction).limit(atMost(limit + 1));
    const { uuid, revocation } = filter;
    if (uuid !== undefined) {
      // One device has few entries, one action may have millions: its index is kept out of it.
      const { action } = filter;
      query = query.where('id', 'in', entriesAbout(uuid, revocation?.at));
      if (action !== undefined) query = query.where(sql<string>`action || ''`, '=', action);
    } else if (filter.action !== undefined) {
      query = query.where('action', '=', filter.action);
    }
    if (page.after !== undefined) {
      const [id] = decodeCursor(page.after, ['number']);
      query = query.where('id', behind, Number(id));
    }
    const found = toPage(await query.execute(), limit, toEntry, (row) => [Number(row.id)]);
    return uuid === undefined ? found : { ...found, items: found.items.filter((entry) => isAbout(entry, revocation?.batch)).flatMap((entry) => aboutDevice(entry, uuid) ?? []) };
  }

  async seal(): Promise<number> {
    let total = 0;
    for (;;) {
      const sealed = await this.#db.transaction(sealBatches);
      total += sealed;
      if (sealed < batch * batchesSealed) {
        return total;
      }
      await setImmediate();
    }
  }

  async verify(exported?: AuditHead): Promise<AuditVerification> {
    let previous: Uint8Array = firstLink;
    let position = 0n;
    let head: AuditHead | undefined;
    for (;;) {
      const links = await this.#db.read.selectFrom('audit_chain')
        .leftJoin('audit_entries', 'audit_entries.id', 'audit_chain.entry_id')
        .selectAll('audit_entries')
        .select(['audit_chain.position', 'audit_chain.entry_id', 'audit_chain.hash'])
        .where('audit_chain.position', '>', position)
        .orderBy('audit_chain.position')
        .limit(atMost(batch))
        .execute();
      for (const link of links) {
        position += 1n;
        const { id, at, actor, action, uuid, ap_id, detail } = link;
        const broken = (detail: string) => this.#verification(head, { id: BigInt(link.entry_id), detail });
        if (BigInt(link.position) !== position) {
          return broken(`Link ${position} of the chain, before this entry, is missing.`);
        }
        if (id === null || at === null || actor === null || action === null || detail === null) {
          return broken('The entry was removed.');
        }
        previous = linkHash(previous, { id, at, actor, action, uuid, ap_id, detail });
        if (Buffer.compare(previous, link.hash) !== 0) {
          return broken('The entry, or the chain at it, was changed.');
        }
        if (!(await this.#isFound(link.entry_id, detail))) {
          return broken('A device that the entry is about is not found by it: its history lacks the entry.');
        }
        head = toHead(link);
        if (position === exported?.count && Buffer.compare(previous, exported.hash) !== 0) {
          return broken('The chain was written anew: it is not the one of the exported head.');
        }
      }
      if (links.length < batch) {
        return this.#verification(head, cutShort(head, exported) ?? (await this.#stray()));
      }
      await setImmediate();
    }
  }

  /** Whether the history of each device that an entry stands for has the entry: that is not in the chain itself. */
  async #isFound(entryId: Row['id'], detail: string): Promise<boolean> {
    const { asked } = JSON.parse(detail) as StoredDetail;
    if (asked === undefined) {
      return true;
    }
    const devices = deviceKeys(asked.map(([uuid]) => uuid));
    const { count } = await this.#db.read.selectFrom('audit_asked')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('block', '=', Math.floor(Number(entryId) / blockSize))
      .where('entry_id', '=', entryId)
      .where('device', 'in', devices)
      .executeTakeFirstOrThrow();
    return Number(count) === devices.length;
  }

  /** An entry that is neither chained nor waiting for it got in beside the log, or lost its link at the end. */
  async #stray(): Promise<AuditVerification['broken']> {
    const row = await this.#db.read.selectFrom('audit_entries as entry')
      .select('entry.id')
      .where((eb) => eb.not(eb.exists(
        eb.selectFrom('audit_chain').select('position').whereRef('audit_chain.entry_id', '=', 'entry.id'))))
      .where((eb) => eb.not(eb.exists(
        eb.selectFrom('audit_unsealed').select('entry_id').whereRef('audit_unsealed.entry_id', '=', 'entry.id'))))
      .orderBy('entry.id')
      .limit(1)
      .executeTakeFirst();
    return row === undefined
      ? undefined
      : { id: BigInt(row.id), detail: 'The entry is not in the chain: it was put in beside the log, or its link was removed.' };
  }

  async #verification(head: AuditHead | undefined, broken: AuditVerification['broken']): Promise<AuditVerification> {
    const { count } = await this.#db.read.selectFrom('audit_unsealed')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    return { ok: broken === undefined, head, unsealed: BigInt(count), broken };
  }
}

async function appendAsked(tx: Database, entries: readonly NewAuditEntry[]): Promise<void> {
  const found: { block: number; device: number; entry_id: Row['id'] }[] = [];
  for (const entry of entries) {
    const [{ id }] = (await tx.change(adding, toRow(entry))) as [Pick<Row, 'id'>];
    const block = Math.floor(Number(id) / blockSize);
    found.push(...deviceKeys(entry.asked?.map(({ uuid }) => uuid) ?? []).map((device) => ({ block, device, entry_id: id })));
  }
  // In the order of their key, which is several times faster.
  await tx.insertAll('audit_asked', found.sort((a, b) => a.block - b.block || a.device - b.device));
}

function cutShort(head: AuditHead | undefined, exported: AuditHead | undefined): AuditVerification['broken'] {
  const missing = (exported?.count ?? 0n) - (head?.count ?? 0n);
  return exported === undefined || missing <= 0n
    ? undefined
    : { id: exported.id, detail: `The last ${missing} entries up to the exported head were removed.` };
}

/**
 * Chains entries in the order in which sealing sees them: in PostgreSQL a lower id may be committed after a
 * higher one was sealed, so the place in the chain is counted here and not taken from the id.
 */
async function sealBatches(tx: Database): Promise<number> {
  await tx.lock('audit-chain');
  let total = 0;
  for (let batches = 0; batches < batchesSealed; batches += 1) {
    const sealed = await sealBatch(tx);
    total += sealed;
    if (sealed < batch) break;
  }
  return total;
}

async function sealBatch(tx: Database): Promise<number> {
  const entries = await tx.read.selectFrom('audit_unsealed')
    .innerJoin('audit_entries', 'audit_entries.id', 'audit_unsealed.entry_id')
    .selectAll('audit_entries')
    .orderBy('audit_unsealed.entry_id')
    .limit(atMost(batch))
    .execute();
  if (entries.length === 0) {
    return 0;
  }
  const last = await tx.read.selectFrom('audit_chain').selectAll().orderBy('position', 'desc').limit(1).executeTakeFirst();
  let previous = last?.hash ?? firstLink;
  let position = BigInt(last?.position ?? 0);
  await tx.insertAll('audit_chain', entries.map((entry) => {
    previous = linkHash(previous, entry);
    position += 1n;
    return { position, entry_id: entry.id, hash: previous };
  }));
  await tx.write.deleteFrom('audit_unsealed').where('entry_id', 'in', entries.map((entry) => Number(entry.id))).execute();
  return entries.length;
}
