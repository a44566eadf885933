import type { ChargeAuthority } from '../../src/roles/pos/ports.ts';
import { time } from './comparison.ts';
import type { Row, Rows } from './disk.ts';
import { ofPayment } from './observation.ts';
import { paymentName } from './plain-ledger.ts';
import { timeFor, type PlainTariff } from './plain-shop.ts';
import type { RegisterDisk } from './register.ts';
import { kindOfTariff, milliseconds, nameOfSale } from './shop-observation.ts';
import type { TerminalDisk } from './terminal.ts';

interface PromisedByShops {
  readonly rows: Rows;
  readonly terminals: readonly { readonly id: string; readonly disk: TerminalDisk }[];
  readonly registers: readonly { readonly id: string; readonly payeeId: string; readonly disk: RegisterDisk }[];
}

const dayMs = 86_400_000;

/** What holds of sales whatever happened, told from the rows and from what is on disks alone. */
export function brokenByShops({ rows, terminals, registers }: PromisedByShops): string[] {
  const broken: string[] = [];
  const promise = (isKept: boolean, otherwise: string) => { if (!isKept) broken.push(otherwise); };
  const payments = new Map(rows.payments.map((row) => [String(row['id']), row]));
  const byName = new Map(rows.payments.map((row) => [ofPayment(row), row]));
  const sales = new Map(rows.sales.map((row) => [nameOfSale(row), row]));
  const salesOf = (column: string) => Map.groupBy(rows.sales.filter((row) => row[column] !== null), (row) => String(row[column]));
  const byPayment = salesOf('payment_id');
  const byGrant = salesOf('grant_id');

  // No sale without the money, and no money twice: unless it was paid outside, one payment of the same amount.
  for (const [name, row] of sales) {
    const isOutside = row['tender'] === 'cash' || row['tender'] === 'card';
    const payment = payments.get(String(row['payment_id']));
    const isPaid = payment !== undefined && payment['state'] === 'paid' && payment['account_id'] === row['payer_id'] && payment['key'] === row['key'] && payment['payee_id'] === row['payee_id']
      && Number(payment['captured']) === Number(row['minor']) && payment['currency'] === row['currency'] && payment['memo'] === row['memo'] && time(payment['at']) === time(row['at'])
      && Number(payment['refunded']) === Number(row['refunded']);
    promise(isOutside ? row['payment_id'] === null && row['payer_id'] === '' : isPaid, `sale ${name} is not paid for`);
    promise(Number(row['refunded']) <= Number(row['minor']), `of sale ${name} more went back than was paid`);
    // What it bought is what its tariff gives.
    const kind = kindOfTariff(row);
    const allowed = milliseconds(row['quantity']);
    const times = [false, true].map((isFirst) => timeFor(kind as PlainTariff, Number(row['minor']), isFirst));
    promise(times.some((of) => of?.allowedMs === allowed) && (allowed === undefined) === (row['grant_id'] === null), `sale ${name} bought ${allowed} ms`);
  }
  for (const [id, of] of byPayment) promise(of.length === 1, `payment ${id} has ${of.length} sales`);

  // No time without a sale, nor more or less of it than was sold; what is free is free once.
  for (const row of rows.grants) {
    const sold = (byGrant.get(String(row['id'])) ?? []).reduce((sum, sale) => sum + milliseconds(sale['quantity'])!, 0);
    promise(sold > 0 && sold === Number(row['allowed_ms']), `permission ${String(row['id'])} is for ${String(row['allowed_ms'])} ms, and ${sold} ms were sold`);
  }
  for (const id of byGrant.keys()) promise(rows.grants.some((row) => row['id'] === id), `permission ${id} was sold and is not there`);
  const free = rows.sales.filter((row) => row['quantity'] !== row['bought']);
  promise(new Set(free.map((row) => row['subject_id'])).size === free.length, 'somebody got what is free more than once');

  // What a terminal has paid at a register's word bought time there, or at least a sale.
  for (const { id, disk: { pending, ended } } of terminals) {
    for (const { accountId, request: { key, purchase } } of [...pending.values(), ...ended.values()]) {
      const payment = purchase && byName.get(paymentName(accountId, key));
      if (purchase === undefined || payment?.['terminal_id'] !== id) continue;
      const sale = byPayment.get(String(payment['id']))?.[0];
      promise((payment['state'] === 'paid') === (sale !== undefined), `${id} has paid ${key} to a register, and there is no sale of it, or the other way round`);
      promise(sale === undefined || (sale['register_id'] === purchase.registerId && sale['tender'] === 'wallet' && sale['subject_id'] === id), `what ${id} has paid under ${key} is not its own sale`);
    }
  }

  brokenMandates(rows, payments, promise);
  for (const register of registers) brokenCharges(register, rows, promise);
  return broken;
}

type Check = (isKept: boolean, otherwise: string) => void;

/** As far as a mandate is still as it was when it was used. */
function brokenMandates(rows: Rows, payments: ReadonlyMap<string, Row>, promise: Check): void {
  const taken = rows.sales.filter(({ tender }) => tender === 'mandate');
  for (const row of taken) {
    const mandate = rows.mandates.find((one) => one['subject_id'] === row['subject_id']);
    const name = nameOfSale(row);
    promise(mandate !== undefined, `sale ${name} is of a mandate that there never was`);
    const at = time(row['at'])!;
    if (mandate === undefined || at < time(mandate['set_at'])!) continue;
    const ended = time(mandate['ended_at']);
    promise(mandate['account_id'] === row['payer_id'] && (ended === undefined || at <= ended), `sale ${name} is not of the mandate that was set`);
    const ofDay = taken.filter((one) => one['subject_id'] === row['subject_id'] && time(one['at'])! <= at && time(one['at'])! > at - dayMs);
    const net = ofDay.reduce((sum, { payment_id: id }) => sum + Number(payments.get(String(id))!['captured']) - Number(payments.get(String(id))!['refunded']), 0);
    promise(Number(row['minor']) <= Number(mandate['per_tap']) && net <= Number(mandate['per_day']), `sale ${name} is more than its mandate allows`);
  }
}

/** What a register has written down is what the server has. */
function brokenCharges({ id, payeeId, disk }: PromisedByShops['registers'][number], rows: Rows, promise: Check): void {
  const charges = [...disk.charges.values()];
  const byId = new Map(rows.sales.map((row) => [String(row['id']), row]));
  const byKey = Map.groupBy(rows.sales.filter((row) => row['register_id'] === id), (row) => String(row['key']));
  const soldBy = (key: string, authority: ChargeAuthority) =>
    (byKey.get(key) ?? []).filter((row) => row['tender'] === authority.kind && (authority.kind !== 'wallet' || row['payer_id'] === authority.accountId));
  const paid = charges.filter(({ end }) => end?.kind === 'charged');
  promise(new Set(paid.map(({ begun: { order } }) => order)).size === paid.length, `${id} has an order that is paid more than once`);
  for (const { begun: { number, charge: { key, amount, authority } }, end } of charges) {
    if (end?.kind === 'charged') {
      const row = byId.get(end.saleId);
      promise(row !== undefined && row['register_id'] === id && row['key'] === key && row['tender'] === authority.kind && row['payee_id'] === payeeId && Number(row['minor']) === Number(amount.minor), `${id} knows ${key} as charged, which the server does not`);
    }
    // Unless it was tried again under its key.
    const isOver = end?.kind === 'refused' && end.code !== 'idempotency_mismatch' && !charges.some(({ begun }) => begun.number > number && begun.charge.key === key);
    promise(!isOver || soldBy(key, authority).length === 0, `${id} knows ${key} as refused, and it is charged`);
  }
  // An order is paid by one of those who came to pay it, also where one was refused whose wallet brings it later.
  for (const [order, tries] of Map.groupBy(charges, ({ begun }) => begun.order)) {
    const sold = new Set(tries.flatMap(({ begun: { charge: { key, authority } } }) => soldBy(key, authority)));
    promise(sold.size <= 1, `${id} has an order ${order} that is paid ${sold.size} times`);
  }
  // What no wallet brings, the register has brought.
  const kept = new Set(charges.filter(({ end }) => end?.kind !== 'refused').map(({ begun: { charge: { key } } }) => key));
  for (const [key, of] of byKey) {
    promise(kept.has(key) || of.every(({ tender }) => tender === 'wallet'), `${key} is charged, and ${id} has not written it down`);
  }
}
