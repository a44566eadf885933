import { parseQuantity } from '../../src/domain/quantity.ts';
import { areSame, time, type Comparison } from './comparison.ts';
import type { Row, Rows } from './disk.ts';
import { saleName, tariffs, type PlainShop, type PlainTap } from './plain-shop.ts';

/** Holds the tables of what was sold against what has to be in them. `payments`: their names by their ids. */
export function compareShop(rows: Rows, shop: PlainShop, payments: ReadonlyMap<string | undefined, string>, comparison: Comparison): void {
  const isSubject = (id: unknown, subject: string) => {
    const [kind, name] = subject.split(' ');
    if (kind === 'terminal') return id === name;
    const known = shop.subjectIds.get(subject);
    if (known !== undefined) return id === known;
    comparison.learnt.push(() => shop.subjectIds.set(subject, String(id)));
    return ![...shop.subjectIds.values()].includes(String(id));
  };

  const sales = rows.sales.map((row) => [nameOfSale(row), row] as const);
  comparison.all('sales', sales.map(([name]) => name), shop.sales);
  for (const [name, row] of sales) {
    const sale = shop.sales.get(name);
    if (sale === undefined) continue;
    const permission = sale.permission === undefined ? undefined : shop.permissions.get(sale.permission)!;
    if (permission !== undefined && row['grant_id'] !== null) permission.id ??= String(row['grant_id']);
    sale.id ??= String(row['id']);
    comparison.same(
      `sale ${name}: id, subject, tender, minor, payee, memo, at, payment, permission, tariff, allowed, bought, used, refunded`,
      [
        row['id'], isSubject(row['subject_id'], sale.subject), row['tender'], Number(row['minor']), row['payee_id'], row['memo'], time(row['at']),
        payments.get((row['payment_id'] as string | null) ?? undefined), row['grant_id'], kindOfTariff(row), milliseconds(row['quantity']), milliseconds(row['bought']),
        Number(row['used']), Number(row['refunded']),
      ],
      [
        sale.id, true, sale.tender, sale.minor, sale.payeeId, sale.memo, sale.at,
        sale.payment, permission?.id, tariffs[sale.tariff].kind, sale.time?.allowedMs, sale.time?.boughtMs,
        sale.time?.used ?? 0, sale.refunded,
      ],
    );
  }

  const permissions = new Map([...shop.permissions.values()].map((permission) => [permission.id ?? `${permission.name}, which is not there`, permission]));
  comparison.all('permissions', rows.grants.map(({ id }) => String(id)), permissions);
  for (const row of rows.grants) {
    const permission = permissions.get(String(row['id']));
    if (permission === undefined) continue;
    comparison.same(
      `permission ${permission.name}: source, kind, subject, starts, ends, allowed, waiting, state, closed, reason`,
      [
        row['source'], row['subject_kind'], isSubject(row['subject_id'], permission.subject), time(row['starts_at']), time(row['ends_at']),
        numberOf(row['allowed_ms']), numberOf(row['waiting_ms']), row['state'], time(row['closed_at']), row['reason'],
      ],
      [
        'payment', permission.subject.split(' ')[0], true, permission.startsAt, permission.endsAt,
        permission.allowedMs, permission.waitingMs, permission.state, permission.closedAt, permission.reason,
      ],
    );
  }

  comparison.same('number of taps', [rows.taps.length], [shop.taps.size]);
  const subjects = new Map([...shop.subjectIds].map(([subject, id]) => [id, subject]));
  const left = new Map(shop.taps);
  for (const row of rows.taps) {
    const [registerId, key, id, cameTo] = [row['register_id'], row['key'], String(row['subject_id']), row['came_to']];
    const isIt = ({ subject, ...tap }: PlainTap) => tap.registerId === registerId && tap.key === key && tap.cameTo === cameTo
      && (subjects.has(id) ? subjects.get(id) === subject : !shop.subjectIds.has(subject));
    const [name, tap] = [...left].find(([, one]) => isIt(one)) ?? [];
    comparison.same(`tap ${String(registerId)} ${String(key)} of ${id}: ${String(cameTo)}`, [tap !== undefined && isSubject(id, tap.subject)], [true]);
    left.delete(name ?? '');
  }

  comparison.same('number of mandates', [rows.mandates.length], [shop.mandates.size]);
  for (const row of rows.mandates) {
    const id = String(row['subject_id']);
    const isKnown = [...shop.subjectIds.values()].includes(id);
    const actual = [row['account_id'], Number(row['per_tap']), Number(row['per_day']), time(row['set_at']), time(row['ended_at'])];
    const possible = [...shop.mandates.values()].filter(({ subject }) => shop.subjectIds.get(subject) === (isKnown ? id : undefined));
    const expected = possible.map(({ accountId, perTap, perDay, setAt, endedAt }) => [accountId, perTap, perDay, setAt, endedAt]);
    const which = expected.findIndex((one) => areSame(actual, one));
    if (which === -1) comparison.same(`mandate ${id}: account, a tap, a day, set, ended`, actual, expected[0] ?? []);
    else isSubject(id, possible[which]!.subject);
  }
}

export function nameOfSale(row: Row): string {
  return saleName(String(row['register_id']), String(row['key']), row['payer_id'] === '' ? undefined : String(row['payer_id']));
}

/** Texts that were read before: there are few, and they are looked at after every step. */
const tariffKinds = new Map<string, string>();
const sizes = new Map<string, number>();

export function kindOfTariff({ tariff }: Row): string | undefined {
  return tariff === null ? undefined : remembered(tariffKinds, tariff as string, (text) => (JSON.parse(text) as { kind: string }).kind);
}

/** Of a quantity of time, as it is kept. */
export function milliseconds(quantity: unknown): number | undefined {
  return quantity === null ? undefined : remembered(sizes, quantity as string, (text) => Number(parseQuantity(text).size));
}

function remembered<T>(known: Map<string, T>, text: string, read: (text: string) => T): T {
  const value = known.get(text) ?? read(text);
  known.set(text, value);
  return value;
}

function numberOf(value: unknown): number | undefined {
  return value === null ? undefined : Number(value);
}
