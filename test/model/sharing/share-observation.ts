import type { Rows } from '../disk.ts';
import { Comparison, time } from '../comparison.ts';
import type { PlainReading, PlainShare } from './plain-share.ts';

/** What the server calls what the plain rules know by its place. */
export interface ShareNames {
  /** By the plain names of accounts. */
  readonly accounts: ReadonlyMap<string, string>;
  readonly networks: readonly string[];
  readonly offers: readonly string[];
  /** By their places. */
  requests: readonly { readonly id: string; readonly grantId: string | undefined; readonly paymentId: string | undefined }[];
}

const number = (value: unknown) => (value === null || value === undefined ? undefined : Number(value));

/** All of shared networks as the database has it, against what has to be there; names are learnt if it is that. */
export function compareShares(rows: Rows, plain: PlainShare, names: ShareNames): readonly string[] {
  const comparison = new Comparison();
  const requests = rows.share_requests.toSorted((one, other) => time(one['created_at'])! - time(other['created_at'])!);
  comparison.same('how many requests there are', [requests.length], [plain.requests.length]);
  if (comparison.differences.length > 0) return comparison.differences;
  const grants = new Map(rows.grants.map((row) => [row['id'], row]));
  const payments = new Map(rows.payments.map((row) => [row['id'], row]));
  const readings = new Map(rows.meter_readings.map((row) => [`${String(row['grant_id'])} ${String(row['side'])}`, row]));
  const accountOf = new Map([...names.accounts].map(([name, id]) => [id, name]));

  plain.requests.forEach((request, at) => {
    const row = requests[at]!;
    const access = requests[request.access]!;
    comparison.same(
      `request ${at}: state, due, paid, ended, reason, returned, owed`,
      [row['state'], time(row['due_at']), time(row['paid_at']), time(row['ended_at']), row['reason'], number(row['returned']), number(row['owed'])],
      [request.state, request.dueAt, request.paidAt, request.endedAt, request.reason, request.returned, request.owed],
    );
    comparison.same(
      `request ${at}: kind, access, offer, guest, from, to, fee, created, code, payment`,
      [row['kind'], row['access_id'], row['offer_id'], row['guest_terminal_id'], row['guest_account_id'], row['sharer_account_id'], number(row['fee']), time(row['created_at']), row['sealed'], row['payment_id'] !== null],
      [
        request.kind, access['id'], names.offers[request.offer], request.guest, names.accounts.get(request.guestAccount), names.accounts.get(request.sharer), request.fee, request.createdAt, request.code,
        request.payment !== undefined,
      ],
    );
    const payment = payments.get(row['payment_id']);
    const plainPayment = plain.paymentOf(request);
    comparison.same(`request ${at}: payment`, [payment && `${accountOf.get(String(payment['account_id']))} ${String(payment['key'])}`], [request.payment]);
    comparison.same(
      `request ${at}: what is paid, what went back, until when it was to be held`,
      [payment?.['state'], number(payment?.['captured']), number(payment?.['refunded']), time(payment?.['expires_at'] ?? null)],
      [plainPayment?.state, plainPayment?.captured, plainPayment?.refunded, plainPayment?.releaseAt],
    );
    comparison.same(`request ${at}: grant`, [row['grant_id']], [request.kind === 'increase' ? access['grant_id'] : request.grant === undefined ? undefined : row['grant_id']]);
    const { grant } = request;
    const granted = grants.get(row['grant_id']);
    if (grant === undefined) return;
    comparison.same(
      `grant ${at}: source, subject, policy, start, state, end, allowed, quota, closed, in, out, seconds`,
      [
        granted?.['source'], granted?.['subject_id'], granted?.['policy'], time(granted?.['starts_at'] ?? null), granted?.['state'], time(granted?.['ends_at'] ?? null), number(granted?.['allowed_ms']),
        number(granted?.['quota_bytes']), time(granted?.['closed_at'] ?? null), number(granted?.['bytes_in']), number(granted?.['bytes_out']), number(granted?.['seconds']),
      ],
      [
        'share', request.guest, plain.network(request.network).isEnforced ? 'restrict' : 'cut', grant.startsAt, grant.state, grant.endsAt, grant.allowedMs, grant.quota, grant.closedAt, grant.usage.bytesIn, grant.usage.bytesOut, grant.usage.seconds,
      ],
    );
    for (const side of ['guest', 'sharer'] as const) {
      const reading = readings.get(`${String(row['grant_id'])} ${side}`);
      comparison.same(
        `grant ${at}: what its ${side} has counted`,
        [number(reading?.['bytes_in']), number(reading?.['bytes_out']), number(reading?.['seconds']), time(reading?.['at'] ?? null), reading && Boolean(reading['is_final'])],
        countsOf(grant[side]),
      );
    }
  });
  comparison.same('how many payments there are', [rows.payments.length], [plain.state.payments.size]);
  for (const [name, { balance, held }] of plain.state.accounts) {
    const row = rows.accounts.find(({ id }) => id === names.accounts.get(name));
    if (name !== 'outside') comparison.same(`account ${name}: balance, held`, [number(row?.['balance']), number(row?.['held'])], [balance, held]);
  }
  const places = new Map(requests.map((row, at) => [row['id'], at]));
  const terminals = new Set([...plain.state.events.keys(), ...rows.live_events.map((row) => String(row['terminal_id']))]);
  for (const terminal of terminals) {
    const told = rows.live_events.filter((row) => row['terminal_id'] === terminal).toSorted((one, other) => Number(one['number']) - Number(other['number']));
    comparison.same(`the numbers of what ${terminal} is told`, told.map((row) => Number(row['number'])), told.map((_, at) => at + 1));
    const texts = told.map((row) => `${String(row['kind'])} ${places.get((JSON.parse(String(row['detail'])) as { request_id: string }).request_id)}`);
    comparison.same(`what ${terminal} is told`, texts, plain.state.events.get(terminal) ?? []);
  }
  plain.state.networks.forEach(({ hours }, at) => {
    const rowsOf = rows.metered_hours.filter((row) => row['network_id'] === names.networks[at]);
    const sum = (column: string) => rowsOf.reduce((total, row) => total + Number(row[column]), 0);
    comparison.same(`the hours of network ${at}: in, out`, [sum('bytes_in'), sum('bytes_out')], [hours.in, hours.out]);
  });
  if (comparison.differences.length === 0) {
    names.requests = requests.map((row) => ({ id: String(row['id']), grantId: (row['grant_id'] ?? undefined) as string | undefined, paymentId: (row['payment_id'] ?? undefined) as string | undefined }));
  }
  return comparison.differences;
}

function countsOf(reading: PlainReading | undefined): readonly unknown[] {
  return [reading?.bytesIn, reading?.bytesOut, reading?.seconds, reading?.at, reading?.isFinal];
}

/** What holds whatever the plain rules say, by the database alone; `before`: as it was at the last look. */
export function brokenSharePromises(rows: Rows, before: Rows | undefined, now: number): readonly string[] {
  const problems: string[] = [];
  const sum = rows.accounts.reduce((total, row) => total + Number(row['balance']), 0);
  if (sum !== 0) problems.push(`all accounts together have ${sum}`);
  const payments = new Map(rows.payments.map((row) => [row['id'], row]));
  const accesses = new Map(rows.share_requests.filter(({ kind }) => kind === 'access').map((row) => [row['grant_id'], row]));
  for (const grant of rows.grants) {
    const access = accesses.get(grant['id']);
    if (access === undefined) problems.push('a grant is nobody’s');
    if (access === undefined || grant['state'] !== 'active') continue;
    const payment = payments.get(access['payment_id']);
    const wanted = access['state'] === 'active' ? 'paid' : 'held';
    const isCovered = Number(access['fee']) === 0 || (payment?.['state'] === wanted && Number(payment['minor']) === Number(access['fee']));
    // One that nobody has looked after since its time was over lets nobody in.
    const isOver = time(grant['ends_at'] ?? null) !== undefined && time(grant['ends_at'])! <= now;
    if (!['approved', 'ready', 'active'].includes(String(access['state'])) || (!isCovered && !isOver)) {
      problems.push(`a grant is in force for a request that is ${String(access['state'])}, its fee ${String(payment?.['state'])}`);
    }
    const used = Number(grant['bytes_in']) + Number(grant['bytes_out']);
    if (grant['quota_bytes'] !== null && used > Number(grant['quota_bytes']) * 1.02) problems.push(`${used} bytes are used of ${String(grant['quota_bytes'])}`);
  }
  for (const row of rows.share_requests) {
    const payment = payments.get(row['payment_id']);
    const [returned, owed, fee] = [Number(row['returned']), Number(row['owed']), Number(row['fee'])];
    if (returned + owed > fee) problems.push(`${returned} went back and ${owed} are owed of ${fee}`);
    if (payment !== undefined && Number(payment['refunded']) !== returned) problems.push(`${String(payment['refunded'])} went back of a payment, ${returned} of its request`);
    if (['refused', 'expired', 'cancelled'].includes(String(row['state'])) && payment?.['state'] === 'held') problems.push('money is held for what is over');
    const was = before?.share_requests.find(({ id }) => id === row['id']);
    for (const frozen of ['fee', 'tariff', 'quantity', 'bought', 'answer_ms', 'approval', 'jwk']) {
      if (was !== undefined && String(was[frozen]) !== String(row[frozen])) problems.push(`the ${frozen} of a request changed`);
    }
  }
  const readings = new Map(rows.meter_readings.map((row) => [`${String(row['grant_id'])} ${String(row['side'])}`, row]));
  for (const was of before?.meter_readings ?? []) {
    const is = readings.get(`${String(was['grant_id'])} ${String(was['side'])}`);
    if (['bytes_in', 'bytes_out', 'seconds'].some((column) => Number(is?.[column] ?? -1) < Number(was[column]))) problems.push('a meter goes back');
  }
  return problems;
}
