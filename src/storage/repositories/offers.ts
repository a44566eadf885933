import { sql, type ExpressionBuilder, type Insertable, type Selectable } from 'kysely';
import { bssidFromNumber, bssidNumber } from '../../domain/bssid.ts';
import type { HeardSecurity } from '../../domain/heard-network.ts';
import { differenceBytes, differencePercent } from '../../domain/meter.ts';
import type { Approval, Offer, OfferState, SalesRecord } from '../../domain/offer.ts';
import { offerHoursToJson, parseOfferHours, type OfferHours } from '../../domain/offer-hours.ts';
import type { Tariff } from '../../domain/tariff.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import type { OfferFilter, OfferRepository, OnOffer } from '../../roles/offers/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import { step, type PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type NetworkTable, type OfferTable, type Tables } from '../tables.ts';

type Row = Selectable<OfferTable>;

/** The same texts are read again and again, and always mean the same. */
const tariffs = new Map<string, Tariff>();
const mostTariffs = 10_000;

function toTariff(text: string): Tariff {
  let tariff = tariffs.get(text);
  if (tariff === undefined) {
    tariff = parseTariff(JSON.parse(text));
    if (tariffs.size >= mostTariffs) tariffs.clear();
    tariffs.set(text, tariff);
  }
  return tariff;
}

function toHours(text: string): OfferHours {
  return parseOfferHours(JSON.parse(text));
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

const unlisting: PreparedQuery<{ id: string }, never> = (db, { id }) => db.deleteFrom('offered_radios').where('offer_id', '=', id) as never;

/** Only valid networks have radios that are registered. */
const listing: PreparedQuery<{ id: string }, never> = (db, { id }) =>
  db.insertInto('offered_radios').columns(['bssid', 'offer_id']).expression((eb) =>
    eb.selectFrom('network_radios').innerJoin('offers', 'offers.network_id', 'network_radios.network_id')
      .select(['network_radios.bssid', 'offers.id'])
      .where('offers.id', '=', id)
      .where('offers.state', '=', 'active')) as never;

// Written out, so that SQLite may use the indexes over those.
const isGuest = sql<boolean>`kind = 'access' and state in ('held', 'approved', 'ready', 'active')`;
const isOver = sql<boolean>`kind = 'access' and state in ('ended', 'refused', 'expired')`;

function guestsOf(offerId: unknown) {
  return sql<number>`(select count(*) from share_requests where offer_id = ${offerId} and ${isGuest})`;
}

/** An account's sales that came to their end: of some, nothing but the money that went back. */
function deliveredBy(accountId: unknown) {
  return sql<number>`(select count(*) from share_requests where sharer_account_id = ${accountId} and ${isOver} and state = 'ended' and (fee = 0 or returned + owed < fee))`;
}

/** For which money was held or paid before it went back, for no reason of the guest's. */
function failedBy(accountId: unknown) {
  return sql<number>`(select count(*) from share_requests where sharer_account_id = ${accountId} and ${isOver} and payment_id is not null
    and (state in ('refused', 'expired') or (state = 'ended' and reason = 'key_mismatch')))`;
}

/** As `metersDiffer`. */
function disputedBy(accountId: unknown) {
  return sql<number>`(select count(*) from share_requests
    inner join meter_readings as sharer on sharer.grant_id = share_requests.grant_id and sharer.side = 'sharer'
    inner join meter_readings as guest on guest.grant_id = share_requests.grant_id and guest.side = 'guest'
    where sharer_account_id = ${accountId} and ${isOver} and state = 'ended'
    and abs(sharer.bytes_in + sharer.bytes_out - guest.bytes_in - guest.bytes_out) > ${sql.lit(Number(differenceBytes))}
    and abs(sharer.bytes_in + sharer.bytes_out - guest.bytes_in - guest.bytes_out) * 100 > ${sql.lit(Number(differencePercent))}
      * case when sharer.bytes_in + sharer.bytes_out > guest.bytes_in + guest.bytes_out then sharer.bytes_in + sharer.bytes_out else guest.bytes_in + guest.bytes_out end)`;
}

function owedBy(accountId: unknown) {
  return sql<number>`(select count(*) from share_requests where sharer_account_id = ${accountId} and owed > 0)`;
}

type Counted = number | string;
type RecordRow = Readonly<Record<keyof SalesRecord, Counted>>;

function toRecord({ delivered, failed, disputed }: RecordRow): SalesRecord {
  return { delivered: Number(delivered), failed: Number(failed), disputed: Number(disputed) };
}

const counting: PreparedQuery<{ offerId: string }, { guests: Counted }> = (db, { offerId }) => db.selectNoFrom(guestsOf(offerId).as('guests')) as never;

const recording: PreparedQuery<{ accountId: string }, RecordRow> = (db, { accountId }) =>
  db.selectNoFrom([deliveredBy(accountId).as('delivered'), failedBy(accountId).as('failed'), disputedBy(accountId).as('disputed')]) as never;

const owing: PreparedQuery<{ accountId: string }, { owed: Counted }> = (db, { accountId }) => db.selectNoFrom(owedBy(accountId).as('owed')) as never;

type NetworkRow = Pick<Selectable<NetworkTable>, 'ssid' | 'bssids' | 'security' | 'verified_at'>;
type FoundRow = Row & NetworkRow & RecordRow & { readonly found: number | bigint | string; readonly present: Counted; readonly owed: Counted };

/** So many radios are looked for at once: lists of all lengths would be as many statements to prepare. */
const searchSizes = [16, 128, 512] as const;

const account = sql.ref('offers.account_id');

function searching(size: number): PreparedQuery<Readonly<Record<`b${number}`, number>>, FoundRow> {
  return (db, radios) =>
    db.selectFrom('offered_radios')
      .innerJoin('offers', 'offers.id', 'offered_radios.offer_id')
      .innerJoin('networks', 'networks.id', 'offers.network_id')
      .selectAll('offers')
      .select(['offered_radios.bssid as found', 'networks.ssid', 'networks.bssids', 'networks.security', 'networks.verified_at'])
      .select([
        guestsOf(sql.ref('offers.id')).as('present'), owedBy(account).as('owed'),
        deliveredBy(account).as('delivered'), failedBy(account).as('failed'), disputedBy(account).as('disputed'),
      ])
      .where((eb: ExpressionBuilder<Tables, 'offered_radios'>) => eb('offered_radios.bssid', 'in', Array.from({ length: size }, (_, at) => radios[`b${at}`]!))) as never;
}

const searches = searchSizes.map((size) => ({ size, query: searching(size) }));

/** The address of no radio. */
const nobody = 0;

export class Offers implements OfferRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(offer: Offer): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const added = await tx.change(adding, toRow(offer));
      if (added.length === 0) {
        return false;
      }
      await tx.change(listing, { id: offer.id });
      return true;
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
    await this.#db.batch([
      step(changing, { id, state, tariff, guests, hours, approval, answer_ms, changed_at }),
      step(unlisting, { id }),
      step(listing, { id }),
    ]);
  }

  async search(bssids: readonly string[]): Promise<OnOffer[]> {
    const found: OnOffer[] = [];
    const byOffer = new Map<string, string[]>();
    for (const row of await this.#found([...new Set(bssids)].map(bssidNumber))) {
      const bssid = bssidFromNumber(BigInt(row.found));
      const others = byOffer.get(row.id);
      if (others !== undefined) {
        others.push(bssid);
        continue;
      }
      const radios = [bssid];
      byOffer.set(row.id, radios);
      found.push(onOffer(row, radios));
    }
    return found;
  }

  async #found(radios: readonly number[]): Promise<FoundRow[]> {
    const rows: FoundRow[] = [];
    const most = searchSizes.at(-1)!;
    for (let from = 0; from < radios.length; from += most) {
      const part = radios.slice(from, from + most);
      const { size, query } = searches.find((each) => each.size >= part.length)!;
      const values: Record<`b${number}`, number> = {};
      for (let at = 0; at < size; at++) values[`b${at}`] = part[at] ?? nobody;
      rows.push(...(await this.#db.find(query, values)));
    }
    return rows;
  }

  async record(accountId: string): Promise<SalesRecord> {
    const [row] = await this.#db.find(recording, { accountId });
    return toRecord(row!);
  }

  async guests(offerId: string): Promise<number> {
    const [row] = await this.#db.find(counting, { offerId });
    return Number(row!.guests);
  }

  async owes(accountId: string): Promise<boolean> {
    const [row] = await this.#db.find(owing, { accountId });
    return Number(row!.owed) > 0;
  }
}

function onOffer(row: FoundRow, found: readonly string[]): OnOffer {
  return {
    offer: toOffer(row),
    network: {
      id: row.network_id,
      ssid: row.ssid,
      bssids: JSON.parse(row.bssids) as string[],
      security: row.security as HeardSecurity,
      verifiedAt: optionalDate(row.verified_at),
    },
    found,
    record: toRecord(row),
    guests: Number(row.present),
    owes: Number(row.owed) > 0,
  };
}
