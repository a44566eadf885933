import { object, boolean, count, id, oneOf, remark } from '../../api/schema.ts';
import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { present } from '../../api/wire.ts';
import { quantityText } from '../../domain/quantity.ts';
import { shown } from '../../domain/shown-text.ts';
import type { ShareRequestState } from '../../domain/share-request.ts';
import type { SharerEvent } from '../../roles/sharer/ports.ts';
import { troubleOf } from './message.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { purchaseInWords } from './share-requests.ts';
import { clock, localTime } from './time.ts';

const words = { type: 'string' } as const;

/** One line of what `share serve` prints. */
export const sharerEventSchema = object(
  'SharerEvent',
  { event: oneOf(['serving', 'request', 'undecided', 'low', 'key_changed', 'reach']) },
  {
    network_id: id, ap_id: id, enforced: { ...boolean, description: 'Whether an agent lets guests in and cuts them off.' }, thumbprint_port: count, pid: count,
    request: shareRequestSchema,
    threshold: words, remaining: words,
    sealed_to: words, named: words,
    whom: oneOf(['server', 'agent']), reachable: boolean, error_code: words, message: remark,
  },
);

export type SharerEventWire =
  | { readonly event: 'serving'; readonly network_id: string; readonly ap_id?: string; readonly enforced: boolean; readonly thumbprint_port: number; readonly pid: number }
  | { readonly event: 'request' | 'undecided'; readonly request: ShareRequestWire }
  | { readonly event: 'low'; readonly request: ShareRequestWire; readonly threshold: string; readonly remaining: string }
  | { readonly event: 'key_changed'; readonly request: ShareRequestWire; readonly sealed_to: string; readonly named: string }
  | { readonly event: 'reach'; readonly whom: 'server' | 'agent'; readonly reachable: boolean; readonly error_code?: string; readonly message?: string };

export function sharerEventToWire(event: SharerEvent): SharerEventWire {
  switch (event.kind) {
    case 'request':
    case 'undecided':
      return { event: event.kind, request: shareRequestToWire(event.request) };
    case 'low':
      return { event: event.kind, request: shareRequestToWire(event.request), threshold: event.threshold, remaining: quantityText(event.left) };
    case 'key_changed':
      return { event: event.kind, request: shareRequestToWire(event.request), sealed_to: event.sealedTo, named: event.named };
    case 'reach':
      return present({ event: event.kind, whom: event.whom, reachable: event.error === undefined, ...(event.error === undefined ? {} : troubleOf(event.error)) });
  }
}

const stateWords: Readonly<Partial<Record<ShareRequestState, string>>> = {
  held: 'paid for, waiting for an answer',
  approved: 'approved; its code follows once it is let in',
  ready: 'its code waits to be collected',
  active: 'let in',
  ending: 'over; the last readings are awaited',
  ended: 'settled',
};

export function presentSharerEvent(event: SharerEventWire, { style }: Screen): string {
  const line = (word: string, ...parts: readonly (string | undefined)[]) =>
    [`${style.dim(clock(new Date()))} ${word}`, ...parts.filter((part) => part !== undefined && part !== '').map((part) => shown(part!))].join('  ');
  switch (event.event) {
    case 'serving': {
      const by = event.enforced ? `access point ${event.ap_id ?? ''} lets guests in and cuts them off` : 'nothing enforces or counts what guests use but your word';
      return `Network ${shown(event.network_id)} is shared: ${shown(by)}. Guests compare keys on port ${event.thumbprint_port}.`;
    }
    case 'request': {
      const { request } = event;
      const { state, fee, returned, reason } = request;
      const kept = state === 'ended' ? `earned ${moneyForPeople({ minor: BigInt(fee.minor) - BigInt(returned), currency: fee.currency })}` : undefined;
      return line(style.bold(state), request.request_id, purchaseInWords(request), stateWords[state], kept, reason);
    }
    case 'undecided':
      return line(style.warning('your word is needed'), `latchkey share approve ${event.request.request_id}`, purchaseInWords(event.request), event.request.due_at && `until ${localTime(event.request.due_at)}`);
    case 'low':
      return line(style.bold('low'), event.request.request_id, `${event.remaining} left`, `warned at ${event.threshold}`);
    case 'key_changed':
      return line(style.bad('key changed'), event.request.request_id, 'the server names another key of the guest than before: the request is refused');
    case 'reach':
      return line(event.reachable ? style.good(`${event.whom} is back`) : style.warning(`${event.whom} away`), event.message);
  }
}
