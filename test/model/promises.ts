import { time } from './comparison.ts';
import type { Row } from './disk.ts';
import { ofPayment, type Observation } from './observation.ts';
import { bindingName, paymentName } from './plain-ledger.ts';
import type { RegisterDisk } from './register.ts';
import { brokenByShops } from './shop-promises.ts';
import type { TerminalDisk } from './terminal.ts';

/** A terminal that keeps to the protocol, as far as its owner could tell. */
export interface HonestTerminal {
  readonly id: string;
  readonly disk: TerminalDisk;
  /** How often a wrong identity code was typed for an account. */
  readonly mistypes: ReadonlyMap<string, number>;
}

export interface Promised {
  readonly observation: Observation;
  readonly terminals: readonly HonestTerminal[];
  readonly registers: readonly { readonly id: string; readonly payeeId: string; readonly disk: RegisterDisk }[];
  /** What anybody was ever told to be cancelled, by account and key. */
  readonly toldCancelled: ReadonlySet<string>;
}

const isCharged = (row: Row | undefined) => row !== undefined && ['paid', 'held', 'released'].includes(String(row['state']));

/**
 * What holds whatever happened, told from the rows and from what terminals have on their disks alone: it knows nothing of
 * what led there.
 */
export function brokenPromises({ observation, terminals, registers, toldCancelled }: Promised): string[] {
  const { rows, codes } = observation;
  const broken: string[] = [];
  const promise = (isKept: boolean, otherwise: string) => { if (!isKept) broken.push(otherwise); };
  const payments = new Map(rows.payments.map((row) => [ofPayment(row), row]));
  const byId = new Map(rows.payments.map((row) => [String(row['id']), row]));

  // Money: every currency comes to nothing, every account to its postings, nobody below nothing but the outside.
  const sums = new Map<string, number>();
  const moved = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, minor: number) => map.set(key, (map.get(key) ?? 0) + minor);
  for (const row of rows.postings) {
    add(moved, String(row['debit_id']), -Number(row['minor']));
    add(moved, String(row['credit_id']), Number(row['minor']));
  }
  const held = new Map<string, number>();
  for (const row of rows.payments) {
    if (row['state'] === 'held') add(held, String(row['account_id']), Number(row['minor']));
  }
  for (const row of rows.accounts) {
    const [id, balance] = [String(row['id']), Number(row['balance'])];
    add(sums, String(row['currency']), balance);
    promise(balance === (moved.get(id) ?? 0), `the balance of ${id} is not what was moved`);
    promise(Number(row['held']) === (held.get(id) ?? 0), `what ${id} holds is not what its payments hold`);
    promise(row['kind'] === 'outside' || (Number(row['held']) >= 0 && balance >= Number(row['held'])), `${id} has less than it holds`);
  }
  for (const [currency, sum] of sums) promise(sum === 0, `${currency} comes to ${sum}`);

  // No double charge; no charge without the record of what was bought, nor the other way round.
  const charges = Map.groupBy(rows.postings.filter(({ kind }) => kind === 'payment'), (row) => String(row['payment_id']));
  for (const [id, postings] of charges) {
    const row = byId.get(id);
    const [posting] = postings;
    promise(postings.length === 1, `payment ${id} is charged ${postings.length} times`);
    promise(
      row !== undefined && row['state'] === 'paid' && Number(row['captured']) === Number(posting!['minor']) && row['account_id'] === posting!['debit_id']
        && row['payee_id'] === posting!['credit_id'] && row['memo'] === posting!['memo'] && row['reply'] !== null,
      `payment ${id} is charged and not on record as such`,
    );
  }
  const returned = new Map<string, number>();
  for (const row of rows.postings) {
    if (row['kind'] === 'refund') add(returned, String(row['payment_id']), Number(row['minor']));
  }
  for (const row of rows.payments) {
    promise(Number(row['refunded']) <= Number(row['captured']) && Number(row['refunded']) === (returned.get(String(row['id'])) ?? 0), `of payment ${ofPayment(row)} not went back what is on record`);
    promise(row['state'] !== 'paid' || charges.has(String(row['id'])), `payment ${ofPayment(row)} is on record as paid and not charged`);
  }

  // No late charge after a cancellation.
  for (const name of toldCancelled) {
    promise(payments.get(name)?.['state'] === 'cancelled', `${name} was told to be cancelled and is ${String(payments.get(name)?.['state'])}`);
  }

  for (const terminal of terminals) {
    const { pending, ended } = terminal.disk;
    const own = (name: string) => {
      const row = payments.get(name);
      return row?.['terminal_id'] === terminal.id ? row : undefined;
    };
    // What a terminal has written down is what the server has.
    for (const [name, { request, end, payee }] of ended) {
      const row = own(name);
      if (end.kind === 'accepted') {
        const { reply } = end;
        promise(
          isCharged(row) && row!['id'] === reply.paymentId && row!['payee_id'] === payee.id && reply.payee.id === payee.id && Number(row!['minor']) === Number(request.amount.minor)
            && reply.amount.minor === request.amount.minor && row!['currency'] === request.amount.currency && (row!['memo'] ?? undefined) === request.memo
            && time(row!['at']) === reply.at.getTime() && (reply.state === 'held') === (request.holdMs !== undefined),
          `${terminal.id} knows ${name} as accepted, which the server does not`,
        );
      } else {
        promise(!isCharged(row), `${terminal.id} knows ${name} as ${end.kind}, and it is charged`);
      }
      if (end.kind === 'refused' && request.accountId !== undefined && row !== undefined && row['state'] === 'refused') {
        promise(row['reason'] === end.code, `${terminal.id} knows ${name} as refused for ${end.code}, the server for ${String(row['reason'])}`);
      }
    }
    // Nothing is charged that a terminal has not written down.
    for (const row of rows.payments) {
      const name = ofPayment(row);
      if (row['terminal_id'] === terminal.id && isCharged(row)) {
        const isOpen = pending.get(String(row['account_id']))?.request.key === row['key'];
        promise(isOpen || ended.get(name)?.end.kind === 'accepted', `${name} is charged, and ${terminal.id} has not written it down`);
      }
    }
    for (const row of rows.bindings.filter((binding) => binding['terminal_id'] === terminal.id)) {
      const accountId = String(row['account_id']);
      const name = bindingName(accountId, terminal.id);
      // Nobody but its payer locks it; no md5 password that came late can be told from a wrong one.
      promise(row['algorithm'] === 'md5' || Number(row['wrong']) <= (terminal.mistypes.get(accountId) ?? 0), `${name} has more wrong passwords than were typed`);
      // The code that a terminal has is the server's, or one behind while a payment is open.
      const code = terminal.disk.codes.get(accountId);
      promise(code?.next === undefined || pending.has(accountId), `${name} has a next code by the word of a register, and nothing is open`);
      const hex = code && Buffer.from(code.code).toString('hex');
      const known = hex === undefined ? undefined : codes.get(hex);
      const number = Number(row['code_number']);
      if (code !== undefined) {
        promise(code.number <= number, `${name} has code ${code.number}, the server ${number}`);
        promise(code.number < number || known !== undefined, `${name} has a code ${number} that the server never had`);
        promise(known === undefined || (known.binding === name && known.number === code.number), `${name} has code ${code.number}, which was ${known?.binding} ${known?.number}`);
        const current = [...codes.values()].findLast(({ binding }) => binding === name);
        if (known !== undefined && current !== undefined && known.bound === current.bound && known.number < current.number) {
          const open = pending.get(accountId);
          promise(
            known.number === current.number - 1 && open?.codeNumber === code.number && isCharged(own(paymentName(accountId, open.request.key))),
            `${name} has code ${known.number} instead of ${current.number}, and nothing is open that would renew it`,
          );
        }
      }
    }
  }
  return [...broken, ...brokenByShops({ rows, terminals, registers })];
}
