import { sql, type Insertable, type Selectable } from 'kysely';
import { bssidFromNumber, bssidNumber } from '../../domain/bssid.ts';
import type { HeardSecurity } from '../../domain/heard-network.ts';
import { differenceBytes, differencePercent } from '../../domain/meter.ts';
import type { Approval, Offer, OfferState, SalesRecord } from '../../domain/offer.ts';
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
const delivered = sql`sum(case when state = 'ended' and (fee = 0 or returned + owed < fee) then 1 else 0 end)`;
/** For which money was held or paid before it went back, for no reason of the guest's. */
const failed = sql`sum(case when payment_id is not null and (state in ('refused', 'expired') or reason = 'key_mismatch') then 1 else 0 end)`;
const sharersCount = sql`sharer.bytes_in + sharer.bytes_out`;
const guestsCount = sql`guest.bytes_in + guest.bytes_out`;
const difference = sql`abs(${sharersCount} - (${guestsCount}))`;

type Counted = number | bigint | string;

/** What is behind some offers and their sharers: guests of an offer, what is owed by an account, what it sold and failed to. */
interface StandingRow {
  readonly of: 'guests' | 'owed' | 'sold';
  readonly id: string;
  readonly one: Counted;
  readonly other: Counted;
}

type Placeholders = Readonly<Record<string, string>>;

function standing(size: number): PreparedQuery<Placeholders, StandingRow> {
  return (db, values) => {
    const list = (name: string) => sql.join(Array.from({ length: size }, (_, at) => values[`${name}${at}`]));
    const query = sql<StandingRow>`
      select 'guests' as "of", offer_id as id, count(*) as one, 0 as other from share_requests where offer_id in (${list('offer')}) and ${isGuest} group by offer_id
      union all select 'owed', sharer_account_id, count(*), 0 from share_requests where sharer_account_id in (${list('account')}) and owed > 0 group by sharer_account_id
      union all select 'sold', sharer_account_id, ${delivered}, ${failed} from share_requests where sharer_account_id in (${list('account')}) and ${isOver} group by sharer_account_id`;
    return { compile: () => query.compile(db) };
  };
}

/** As `metersDiffer`. */
function disputing(size: number): PreparedQuery<Placeholders, { id: string; disputed: Counted }> {
  return (db, values) => {
    const accounts = sql.join(Array.from({ length: size }, (_, at) => values[`account${at}`]));
    const query = sql<{ id: string; disputed: Counted }>`
    select sharer_account_id as id, count(*) as disputed from share_requests
    inner join meter_readings as sharer on sharer.grant_id = share_requests.grant_id and sharer.side = 'sharer'
    inner join meter_readings as guest on guest.grant_id = share_requests.grant_id and guest.side = 'guest'
    where sharer_account_id in (${accounts}) and ${isOver} and state = 'ended'
    and ${difference} > ${sql.lit(Number(differenceBytes))}
    and ${difference} * 100 > ${sql.lit(Number(differencePercent))} * case when ${sharersCount} > ${guestsCount} then ${sharersCount} else ${guestsCount} end
    group by sharer_account_id`;
    return { compile: () => query.compile(db) };
  };
}

type FoundRow = Selectable<OfferedRadioTable>;

function searching(size: number): PreparedQuery<Readonly<Record<string, number>>, FoundRow> {
  return (db, radios) => db.selectFrom('offered_radios').selectAll().where('bssid', 'in', Array.from({ length: size }, (_, at) => radios[`radio${at}`]!));
}

/** So many are asked for at once: lists of all lengths would be as many statements to prepare. */
const sizes = [16, 112, 512] as const;
const queries = sizes.map((size) => ({ size, searching: searching(size), standing: standing(size), disputing: disputing(size) }));
const most = sizes.at(-1)!;

function queriesFor(length: number) {
  return queries.find(({ size }) => size >= length)!;
}

/** Values for the placeholders of a list of this size; the rest is nothing that there is. */
function listed<T extends string | number>(name: string, values: readonly T[], size: number, none: T): Record<string, T> {
  const list: Record<string, T> = {};
  for (let at = 0; at < size; at += 1) list[`${name}${at}`] = at < values.length ? values[at]! : none;
  return list;
}

interface Standing {
  readonly guests: ReadonlyMap<string, number>;
  readonly owing: ReadonlySet<string>;
  readonly records: ReadonlyMap<string, SalesRecord>;
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
    const byOffer = new Map<string, FoundRow[]>();
    for (let from = 0; from < bssids.length; from += most) {
      const part = bssids.slice(from, from + most).map(bssidNumber);
      const { size, searching: query } = queriesFor(part.length);
      for (const row of await this.#db.find(query, listed('radio', part, size, 0))) {
        const rows = byOffer.get(row.offer_id);
        if (rows === undefined) byOffer.set(row.offer_id, [row]);
        else rows.push(row);
      }
    }
    const found = [...byOffer.values()];
    const { guests, owing, records } = await this.#standing([...byOffer.keys()], [...new Set(found.map(([row]) => row!.account_id))]);
    return found.map((rows): OnOffer => {
      const { offer_id: id, account_id: accountId, ssid, guests: limit, hours, shown } = rows[0]!;
      return {
        shown,
        ssid,
        limits: { guests: limit, hours: hours === null ? undefined : toHours(hours) },
        found: rows.map(({ bssid }) => bssidFromNumber(Number(bssid))),
        record: records.get(accountId) ?? noSales,
        guests: guests.get(id) ?? 0,
        owes: owing.has(accountId),
      };
    });
  }

  async record(accountId: string): Promise<SalesRecord> {
    return (await this.#standing([], [accountId])).records.get(accountId) ?? noSales;
  }

  async guests(offerId: string): Promise<number> {
    return (await this.#standing([offerId], [])).guests.get(offerId) ?? 0;
  }

  async owes(accountId: string): Promise<boolean> {
    return (await this.#standing([], [accountId])).owing.has(accountId);
  }

  async #standing(offerIds: readonly string[], accountIds: readonly string[]): Promise<Standing> {
    const length = Math.max(offerIds.length, accountIds.length);
    const [guests, owing, records] = [new Map<string, number>(), new Set<string>(), new Map<string, SalesRecord>()];
    if (length === 0) {
      return { guests, owing, records };
    }
    const { size, standing: query, disputing: others } = queriesFor(length);
    for (const { of, id, one, other } of await this.#db.find(query, { ...listed('offer', offerIds, size, ''), ...listed('account', accountIds, size, '') })) {
      if (of === 'guests') guests.set(id, Number(one));
      else if (of === 'owed') owing.add(id);
      else records.set(id, { delivered: Number(one), failed: Number(other), disputed: 0 });
    }
    const sellers = [...records.keys()];
    for (const { id, disputed } of sellers.length === 0 ? [] : await this.#db.find(others, listed('account', sellers, size, ''))) {
      records.set(id, { ...records.get(id)!, disputed: Number(disputed) });
    }
    return { guests, owing, records };
  }
}
