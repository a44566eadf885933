import { sql, type Insertable, type Selectable } from 'kysely';
import { bssidNumber } from '../../domain/bssid.ts';
import { mostHeard, type HeardSecurity } from '../../domain/heard-network.ts';
import { differenceBytes, differencePercent } from '../../domain/meter.ts';
import type { Approval, Offer, OfferState, SalesRecord } from '../../domain/offer.ts';
import { endReasons } from '../../domain/share-request.ts';
import { offerHoursToJson, parseOfferHours, type OfferHours } from '../../domain/offer-hours.ts';
import type { Tariff } from '../../domain/tariff.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import { shownOfferText } from '../../roles/offers/shown-offer.ts';
import type { OfferFilter, OfferRepository, OnOffer } from '../../roles/offers/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type NetworkTable, type OfferedRadioTable, type OfferTable } from '../tables.ts';

type Row = Selectable<OfferTable>;

/** Texts that are read again and again, and always mean the same. */
const tariffs = new Map<string, Tariff>();
const mostRemembered = 10_000;

function remembered<T>(texts: Map<string, T>, text: string, parse: () => T): T {
  let value = texts.get(text);
  if (value === undefined) {
    value = parse();
    if (texts.size >= mostRemembered) texts.clear();
    texts.set(text, value);
  }
  return value;
}

function toTariff(text: string): Tariff {
  return remembered(tariffs, text, () => parseTariff(JSON.parse(text)));
}

const openHours = new Map<string, OfferHours>();

function toHours(text: string): OfferHours {
  return remembered(openHours, text, () => parseOfferHours(JSON.parse(text)));
}

function toOffer(row: Row): Offer {
  return {
    id: row.id,
    networkId: row.network_id,
    accountId: row.account_id,
    terminalId: row.terminal_id,
    state: row.state as OfferState,
    tariff: toTariff(row.tariff),
    guests: row.guests,
    hours: row.hours === null ? undefined : toHours(row.hours),
    approval: row.approval as Approval,
    answerMs: Number(row.answer_ms),
    createdAt: date(row.created_at),
    changedAt: date(row.changed_at),
  };
}

type NewRow = Insertable<OfferTable> & { readonly hours: string | null };

function toRow(offer: Offer): NewRow {
  return {
    id: offer.id,
    network_id: offer.networkId,
    account_id: offer.accountId,
    terminal_id: offer.terminalId,
    state: offer.state,
    tariff: JSON.stringify(tariffToJson(offer.tariff)),
    guests: offer.guests,
    hours: offer.hours === undefined ? null : JSON.stringify(offerHoursToJson(offer.hours)),
    approval: offer.approval,
    answer_ms: offer.answerMs,
    created_at: offer.createdAt,
    changed_at: offer.changedAt,
  };
}

const adding: PreparedQuery<NewRow, { id: string }> = (db, row) =>
  db.insertInto('offers')
    .values({
      id: row.id, network_id: row.network_id, account_id: row.account_id, terminal_id: row.terminal_id, state: row.state, tariff: row.tariff,
      guests: row.guests, hours: row.hours, approval: row.approval, answer_ms: row.answer_ms, created_at: row.created_at, changed_at: row.changed_at,
    })
    .onConflict((on) => on.column('network_id').where(sql<boolean>`state <> 'withdrawn'`).doNothing())
    .returning('id');

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('offers').selectAll().where('id', '=', id);

/** Changes nothing, and takes the row. */
const locking: PreparedQuery<{ id: string }, Row> = (db, { id }) =>
  db.updateTable('offers').set((eb) => ({ state: eb.ref('state') })).where('id', '=', id).returningAll();

type Changed = Pick<NewRow, 'id' | 'state' | 'tariff' | 'guests' | 'hours' | 'approval' | 'answer_ms' | 'changed_at'>;

const changing: PreparedQuery<Changed, never> = (db, row) =>
  db.updateTable('offers')
    .set({
      state: row.state, tariff: row.tariff, guests: row.guests, hours: row.hours, approval: row.approval, answer_ms: row.answer_ms, changed_at: row.changed_at,
    })
    .where('id', '=', row.id) as never;

const unlisting: PreparedQuery<{ networkId: string }, never> = (db, { networkId }) =>
  db.deleteFrom('offered_radios').where('offer_id', 'in', (eb) => eb.selectFrom('offers').select('id').where('network_id', '=', networkId)) as never;

type ListedRow = Row & Pick<Selectable<NetworkTable>, 'ssid' | 'bssids' | 'security' | 'verified_at'>;

/** Only valid networks are found. */
const onMarket: PreparedQuery<{ networkId: string }, ListedRow> = (db, { networkId }) =>
  db.selectFrom('offers').innerJoin('networks', 'networks.id', 'offers.network_id')
    .selectAll('offers')
    .select(['networks.ssid', 'networks.bssids', 'networks.security', 'networks.verified_at'])
    .where('offers.network_id', '=', networkId)
    .where('offers.state', '=', 'active')
    .where('networks.state', '=', 'valid');

/** Has a network’s offer found as both are now, or not found if it is not on the market, inside a transaction that has the network’s row. */
export async function listOffer(tx: Database, networkId: string): Promise<void> {
  await tx.change(unlisting, { networkId });
  const [row] = await tx.find(onMarket, { networkId });
  if (row === undefined) {
    return;
  }
  const bssids = JSON.parse(row.bssids) as string[];
  const network = { id: row.network_id, ssid: row.ssid, bssids, security: row.security as HeardSecurity, verifiedAt: optionalDate(row.verified_at) };
  const shown = shownOfferText({ offer: toOffer(row), network });
  const { id: offer_id, account_id, ssid, guests, hours } = row;
  await tx.insertAll('offered_radios', bssids.map((bssid) => ({ bssid: bssidNumber(bssid), offer_id, account_id, ssid, guests, hours, shown })));
}

// Written out, so that SQLite may use the indexes over those.
const isGuest = sql<boolean>`kind = 'access' and state in ('held', 'approved', 'ready', 'active')`;
const isOver = sql<boolean>`kind = 'access' and state in ('ended', 'refused', 'expired', 'cancelled')`;
/** Sales that came to their end: of some, nothing but the money that went back. */
const delivered = sql`case when state = 'ended' and (fee = 0 or returned + owed < fee) then 1 else 0 end`;
/** For which money was held or paid before it went back, for no reason of the guest's. */
const failed = sql`case when payment_id is not null and (state = 'refused' or (state = 'expired' and reason <> ${sql.lit(endReasons.uncollected)}) or reason = ${sql.lit(endReasons.keyMismatch)}) then 1 else 0 end`;
const sharersCount = sql`sharer.bytes_in + sharer.bytes_out`;
const guestsCount = sql`guest.bytes_in + guest.bytes_out`;
const difference = sql`abs(${sharersCount} - (${guestsCount}))`;
/** As `metersDiffer`. */
const disputed = sql`case when state = 'ended' and ${difference} > ${sql.lit(Number(differenceBytes))}
  and ${difference} * 100 > ${sql.lit(Number(differencePercent))} * case when ${sharersCount} > ${guestsCount} then ${sharersCount} else ${guestsCount} end then 1 else 0 end`;

type Counted = number | bigint | string | boolean;

function guestsOf(offerId: unknown) {
  return sql<Counted>`(select count(*) from share_requests where offer_id = ${offerId} and ${isGuest})`;
}

function owedBy(accountId: unknown) {
  return sql<Counted>`exists (select 1 from share_requests where sharer_account_id = ${accountId} and owed > 0)`;
}

const counting: PreparedQuery<{ offerId: string }, { guests: Counted }> = (db, { offerId }) => db.selectNoFrom(guestsOf(offerId).as('guests'));

const owing: PreparedQuery<{ accountId: string }, { owes: Counted }> = (db, { accountId }) => db.selectNoFrom(owedBy(accountId).as('owes'));

/** By their places in a list. */
type Listed<T> = readonly T[];

type RecordRow = Readonly<Record<keyof SalesRecord, Counted>> & { readonly id: string };

function recording(size: number): PreparedQuery<Listed<string>, RecordRow> {
  return (db, accountIds) => {
    const query = sql<RecordRow>`
      select sharer_account_id as id, sum(${delivered}) as delivered, sum(${failed}) as failed, sum(${disputed}) as disputed from share_requests
      left join meter_readings as sharer on sharer.grant_id = share_requests.grant_id and sharer.side = 'sharer'
      left join meter_readings as guest on guest.grant_id = share_requests.grant_id and guest.side = 'guest'
      where sharer_account_id in (${sql.join(Array.from({ length: size }, (_, at) => accountIds[at]))}) and ${isOver}
      group by sharer_account_id`;
    return { compile: () => query.compile(db) };
  };
}

type Radio = Selectable<OfferedRadioTable>;
/** `place`: that of the radio in what was asked for. */
type FoundRow = readonly [
  place: Counted, offerId: string, accountId: string, ssid: Radio['ssid'], guests: number, hours: Radio['hours'], shown: string,
  present: Counted, owes: Counted, sells: Counted,
];

/**
 * All of a radio's offer that can be said at once; what its sharer has sold takes counting, of those who have sold at all.
 * The radios are a table of their own: SQLite sorts what is in a list.
 */
function searching(size: number): PreparedQuery<Listed<number>, FoundRow> {
  const account = sql.ref('offered_radios.account_id');
  return (db, radios) => {
    const heard = sql.join(Array.from({ length: size }, (_, at) => sql`(${sql.lit(at)}, cast(${radios[at]} as bigint))`));
    const query = sql<FoundRow>`
      with heard (place, radio) as (values ${heard})
      select place, offer_id, account_id, ssid, guests, hours, shown,
        ${guestsOf(sql.ref('offered_radios.offer_id'))} as present, ${owedBy(account)} as owes,
        exists (select 1 from share_requests where sharer_account_id = ${account} and ${isOver}) as sells
      from heard inner join offered_radios on offered_radios.bssid = heard.radio`;
    return { compile: () => query.compile(db) };
  };
}

/** So many are asked for at once: lists of all lengths would be as many statements to prepare. */
const sizes = [1, 16, 50, 100, 200, mostHeard] as const;
const queries = sizes.map((size) => ({ size, searching: searching(size), recording: recording(size) }));

function queriesFor(length: number) {
  return queries.find(({ size }) => size >= length)!;
}

/** As long as the query's list; what is behind its end is nothing that there is. */
function filled<T>(list: readonly T[], size: number, none: T): readonly T[] {
  return list.length === size ? list : [...list, ...Array<T>(size - list.length).fill(none)];
}

const noSales: SalesRecord = { delivered: 0, failed: 0, disputed: 0 };

export class Offers implements OfferRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(offer: Offer): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const added = await tx.change(adding, toRow(offer));
      if (added.length === 1) await listOffer(tx, offer.networkId);
      return added.length === 1;
    });
  }

  async find(id: string): Promise<Offer | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toOffer(row);
  }

  async lock(id: string): Promise<Offer | undefined> {
    const [row] = await this.#db.change(locking, { id });
    return row && toOffer(row);
  }

  async list({ accountIds, state }: OfferFilter, page: PageRequest): Promise<Page<Offer>> {
    const limit = pageLimit(page);
    if (accountIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('offers').selectAll()
      .orderBy('created_at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (accountIds !== undefined) query = query.where('account_id', 'in', accountIds);
    if (state !== undefined) query = query.where('state', '=', state);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toOffer, (row) => [date(row.created_at).getTime(), row.id]);
  }

  async put(offer: Offer): Promise<void> {
    const { id, state, tariff, guests, hours, approval, answer_ms, changed_at } = toRow(offer);
    await this.#db.transaction(async (tx) => {
      await tx.change(changing, { id, state, tariff, guests, hours, approval, answer_ms, changed_at });
      await listOffer(tx, offer.networkId);
    });
  }

  async search(bssids: readonly string[]): Promise<OnOffer[]> {
    const { size, searching: query } = queriesFor(bssids.length);
    const [rows] = await this.#db.findEach(query, [filled(bssids.map(bssidNumber), size, 0)]);
    const sellers = new Set(rows!.filter((row) => Number(row[9]) > 0).map((row) => row[2]));
    const records = sellers.size === 0 ? undefined : await this.#records([...sellers]);
    const byOffer = new Map<string, OnOffer & { readonly foundAt: number[] }>();
    for (const [place, offerId, accountId, ssid, guests, hours, shown, present, owes] of rows!) {
      const same = byOffer.get(offerId);
      if (same !== undefined) {
        same.foundAt.push(Number(place));
        continue;
      }
      byOffer.set(offerId, {
        shown,
        ssid,
        limits: { guests, hours: hours === null ? undefined : toHours(hours) },
        foundAt: [Number(place)],
        record: records?.get(accountId) ?? noSales,
        guests: Number(present),
        owes: Number(owes) > 0,
      });
    }
    return [...byOffer.values()];
  }

  async record(accountId: string): Promise<SalesRecord> {
    return (await this.#records([accountId])).get(accountId) ?? noSales;
  }

  async guests(offerId: string): Promise<number> {
    const [row] = await this.#db.find(counting, { offerId });
    return Number(row!.guests);
  }

  async owes(accountId: string): Promise<boolean> {
    const [row] = await this.#db.find(owing, { accountId });
    return Number(row!.owes) > 0;
  }

  async #records(accountIds: readonly string[]): Promise<ReadonlyMap<string, SalesRecord>> {
    const { size, recording: query } = queriesFor(accountIds.length);
    const rows = await this.#db.find(query, filled(accountIds, size, ''));
    return new Map(rows.map((row) => [row.id, { delivered: Number(row.delivered), failed: Number(row.failed), disputed: Number(row.disputed) }]));
  }
}
