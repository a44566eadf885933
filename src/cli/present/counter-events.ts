import { credentialSchema as deliveredSchema, credentialToWire } from '../../api/agent-control.ts';
import { amountSchema, amountToWire } from '../../api/money.ts';
import { saleSchema, saleToWire } from '../../api/registers.ts';
import { boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { whyNoTime } from '../../domain/sale.ts';
import { shown } from '../../domain/shown-text.ts';
import type { EndedCharge } from '../../roles/pos/charge-journal.ts';
import type { CounterEvent } from '../../roles/pos/counter-desk.ts';
import { troubleOf } from './message.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { countsForPeople, isAllSettled, settleByForPeople, settledCountsSchema } from './settlements.ts';
import { noTimeSchema, noTimeToWire } from './tariffs.ts';
import { clock, localTime } from './time.ts';

const words = { type: 'string' } as const;

/** One line of what `pos serve` prints. */
export const counterEventSchema = object(
  'CounterEvent',
  { event: oneOf(['waiting', 'listening', 'opened', 'withdrawn', 'settled', 'served', 'refused', 'reader', 'server', 'codes_settled', 'codes_waiting', 'codes_failed', 'clock_wrong']) },
  {
    register_id: id, url: words, captive_portal: boolean, reader: words, pid: count,
    key: id, amount: amountSchema, memo: remark,
    by: oneOf(['card', 'phone']), sale: saleSchema, no_time: noTimeSchema, grant_id: id, ends_at: instant, delivered: boolean,
    credential: { ...deliveredSchema, description: 'Of a card without a wallet, for its holder to read.' },
    reachable: boolean, error_code: words, message: remark,
    counts: { ...settledCountsSchema, description: 'Codes that were accepted here, by what came of them.' },
    waiting: { ...count, description: 'Codes that are not settled.' }, settle_by: instant, clock_ahead_ms: { type: 'integer' },
  },
);
export type CounterEventWire = Static<typeof counterEventSchema>;

export function settledToWire({ charge: { key, amount }, end }: EndedCharge): CounterEventWire {
  return { event: 'settled', key, amount: amountToWire(amount), ...(end.kind === 'refused' ? { error_code: end.code, message: end.message } : {}) };
}

export function counterEventToWire(event: CounterEvent): CounterEventWire {
  switch (event.kind) {
    case 'opened':
    case 'withdrawn': {
      const { key, amount, memo } = event.order;
      return present({ event: event.kind, key, amount: amountToWire(amount), memo });
    }
    case 'served': {
      const { charged, grant, credential, isDelivered, trouble } = event.served;
      const nothing = charged && whyNoTime(charged.sale);
      const isShown = event.by === 'card' && !isDelivered;
      return present({
        event: event.kind,
        by: event.by,
        sale: charged && saleToWire(charged.sale),
        no_time: nothing && noTimeToWire(nothing),
        grant_id: grant?.id,
        ends_at: instantToWire(grant?.endsAt),
        delivered: isDelivered || (event.by === 'phone' && credential !== undefined),
        credential: isShown && credential !== undefined ? credentialToWire(credential) : undefined,
        ...(trouble === undefined ? {} : troubleOf(trouble)),
      });
    }
    case 'refused':
      return { event: event.kind, by: event.by, ...troubleOf(event.error) };
    case 'reader':
      return { event: event.kind, ...(event.state.kind === 'away' ? { reachable: false, ...troubleOf(event.state.error) } : { reachable: true }) };
  }
}

export function presentCounterEvent(event: CounterEventWire, { style }: Screen): string {
  const line = (word: string, ...parts: readonly (string | undefined)[]) =>
    [`${style.dim(clock(new Date()))} ${style.bold(word)}`, ...parts.filter((part) => part !== undefined && part !== '').map((part) => shown(part!))].join('  ');
  const { amount, message, sale, credential } = event;
  const sum = amount && moneyForPeople(amount);
  switch (event.event) {
    case 'listening': {
      const where = [event.url === undefined ? undefined : `phones at ${event.url}`, event.reader === undefined ? undefined : `cards at ${event.reader}`];
      const off = event.captive_portal === false ? ' The captive portal API is off: it needs --tls-cert and --tls-key.' : '';
      return `The counter is open: ${where.filter((each) => each !== undefined).join(', ')}.${off}`;
    }
    case 'waiting':
      return `The counter is not open yet: it opens once the server is there, and tells phones at ${event.url} to wait. ${message}`;
    case 'server':
      return line(event.reachable === true ? 'server is back' : 'server is away', message);
    case 'reader':
      return line(event.reachable === true ? 'reader is there' : 'reader is away', message);
    case 'opened':
      return line('to pay', sum, event.memo);
    case 'withdrawn':
      return line('withdrawn', sum);
    case 'settled':
      return line(message === undefined ? 'charged after all' : 'not charged', sum, message);
    case 'refused':
      return line('refused', message);
    case 'served': {
      const paid = sale === undefined ? undefined : `${moneyForPeople(sale.amount)} (${sale.tender})`;
      const noTime = event.no_time && `no time: ${event.no_time.text}`;
      const until = event.ends_at === undefined ? undefined : `until ${localTime(event.ends_at)}`;
      const access = event.delivered === true ? 'password handed over' : credential === undefined ? undefined : `${credential.ssid}: ${credential.password}`;
      return line(sale === undefined ? 'let in' : 'paid', paid, noTime, access, until, message);
    }
    case 'codes_settled':
      return line('codes settled', event.counts && countsForPeople(event.counts), event.counts && !isAllSettled(event.counts) ? 'see `latchkey code disputes list`' : undefined);
    case 'codes_waiting':
      return line('codes not settled', `${event.waiting} wait to be settled, ${settleByForPeople(event.settle_by!, new Date())}`);
    case 'codes_failed':
      return line('codes not settled', message);
    case 'clock_wrong':
      return line('clock is wrong', message);
    default:
      return line(event.event);
  }
}
