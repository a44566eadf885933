import { shareRequestSchema, shareRequestToWire, shareUsageSchema, shareUsageToWire, type ShareRequestWire, type ShareUsageWire } from '../../api/share-requests.ts';
import { grantFromWire } from '../../api/grants.ts';
import { id, object, oneOf } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { timeUpAt } from '../../domain/grant.ts';
import { allowanceForPeople, parseQuantity } from '../../domain/quantity.ts';
import { openStates, type ShareRequest } from '../../domain/share-request.ts';
import { shown } from '../../domain/shown-text.ts';
import { trafficForPeople } from '../../domain/traffic.ts';
import type { OnNetwork } from '../../roles/device/ports.ts';
import type { UseNews } from '../../roles/guest/using.ts';
import type { Usage } from '../../roles/sharing/ports.ts';
import { comparisons, type Comparison } from '../sharing/compare-keys.ts';
import { credentialLines, credentialSchema, presentQr, writtenSchema, type CredentialWire, type HandedOver } from './credentials.ts';
import { moneyForPeople, someMoney } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { idInShort } from './subjects.ts';
import { details, table } from './table.ts';
import { clock, duration, localTime } from './time.ts';

const words = { type: 'string' } as const;

/** Access that was bought, with what the guest needs to get in. */
export const accessSchema = object('SharedAccess', { request: shareRequestSchema }, {
  credential: credentialSchema,
  written: writtenSchema,
  compared: { ...oneOf(comparisons), description: 'Whether the sharer’s side has said that the code was sealed to this terminal’s own key.' },
  interface: { ...words, description: 'What --join has put onto the network.' },
  address: words,
});
export interface AccessWire {
  readonly request: ShareRequestWire;
  readonly credential?: CredentialWire;
  readonly written?: string[];
  readonly compared?: Comparison;
  readonly interface?: string;
  readonly address?: string;
}

export function accessToWire(request: ShareRequest, { handedOver = {}, on, compared }: { readonly handedOver?: HandedOver; readonly on?: OnNetwork | undefined; readonly compared?: Comparison | undefined }): AccessWire {
  return present({ request: shareRequestToWire(request), ...handedOver, compared, interface: on?.interface, address: on?.address });
}

export function presentAccess({ request, credential, ...more }: AccessWire, { qr, format }: { readonly qr: boolean; readonly format: string }, screen: Screen): string {
  if (credential !== undefined && format !== 'text') {
    return (format === 'ndef-hex' ? credential.ndef : undefined) ?? credential.wifi_uri;
  }
  const text = details(
    [
      ...requestLines(request),
      ...credentialLines({ credential, written: more.written }),
      ['joined on', more.interface],
      ['address', more.address],
      ['key', more.compared === undefined ? undefined : more.compared === 'same' ? 'compared: it is this terminal’s own' : 'not compared'],
    ],
    screen,
  );
  return qr && credential !== undefined ? `${text}\n\n${presentQr(credential.wifi_uri, screen)}` : text;
}

export function presentShareRequest(request: ShareRequestWire, screen: Screen): string {
  return details(requestLines(request), screen);
}

function requestLines(request: ShareRequestWire): readonly (readonly [string, string | undefined])[] {
  const { fee } = request;
  const money = (minor: string) => someMoney({ ...fee, minor });
  const isOpen = openStates.some((state) => state === request.state);
  return [
    ['request', request.request_id],
    ['adds to', request.kind === 'increase' ? request.access_id : undefined],
    ['state', request.state],
    ['bought', request.quantity === 'unlimited' ? 'no limit' : request.quantity],
    ['fee', moneyForPeople(fee)],
    ['went back', money(request.returned)],
    ['still owed', money(request.owed)],
    ['until', isOpen && request.due_at !== undefined ? localTime(request.due_at) : undefined],
    ['ended', request.ended_at && localTime(request.ended_at)],
    ['reason', request.reason?.replaceAll('_', ' ')],
  ];
}

/** What goes on, as a sentence. */
export function stateSentence({ id: request, state, quantity, fee, dueAt }: ShareRequest): string {
  const until = dueAt === undefined ? '' : ` until ${localTime(dueAt.toISOString())}`;
  switch (state) {
    case 'priced':
      return `Request ${request}: ${allowanceForPeople(quantity)} for ${moneyForPeople(fee)}.`;
    case 'held':
      return `${fee.minor === 0n ? 'Nothing is to be paid.' : `${moneyForPeople(fee)} are held.`} Waiting for the sharer${until}.`;
    case 'approved':
      return `The sharer has said yes. Waiting for the access code${until}.`;
    case 'ready':
      return 'The access code is there.';
    default:
      return `Request ${request} is ${state}.`;
  }
}

export function presentShareHistory(page: PageWire<ShareRequestWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No requests.';
  }
  return (
    table(
      page.items,
      [
        { title: 'REQUEST', cell: ({ request_id: request }) => request },
        { title: 'TIME', cell: ({ created_at: at }) => localTime(at) },
        { title: 'KIND', cell: ({ kind }) => kind },
        { title: 'STATE', cell: ({ state, reason }) => (reason === undefined ? state : `${state}: ${reason.replaceAll('_', ' ')}`) },
        { title: 'BOUGHT', cell: ({ quantity }) => (quantity === 'unlimited' ? 'no limit' : quantity) },
        { title: 'FEE', cell: ({ fee }) => moneyForPeople(fee), right: true },
        { title: 'BACK', cell: ({ fee, returned }) => someMoney({ ...fee, minor: returned }), right: true },
        { title: 'OWED', cell: ({ fee, owed }) => someMoney({ ...fee, minor: owed }), right: true },
        { title: 'NETWORK', cell: ({ network_id: network }) => network },
        { title: 'GUEST', cell: ({ guest }) => idInShort(guest.account_id) },
      ],
      screen,
    ) + morePages(page, screen)
  );
}

const { properties, required } = shareUsageSchema;
/** One line of `share use`. */
export const useNewsSchema = {
  ...shareUsageSchema,
  title: 'UseNews',
  required,
  properties: {
    event: oneOf(['usage', 'low', 'increased', 'over', 'ended']),
    ...properties,
    left: { ...words, description: 'Time such as `10min` or traffic such as `500MB`; not of what has no limit.' },
    threshold: words,
    remaining: words,
    increase_id: id,
    quantity: words,
    cost: { ...shareRequestSchema.properties.fee, description: 'What was paid in all, without what went back.' },
    returned: shareRequestSchema.properties.fee,
  },
} as const;

export interface UseNewsWire extends ShareUsageWire {
  readonly event: UseNews['kind'];
  readonly left?: string;
  readonly threshold?: string;
  readonly remaining?: string;
  readonly increase_id?: string;
  readonly quantity?: string;
  readonly cost?: ShareRequestWire['fee'];
  readonly returned?: ShareRequestWire['fee'];
}

export type Settled = { readonly cost: ShareRequestWire['fee']; readonly returned: ShareRequestWire['fee'] };

export function useNewsToWire(news: UseNews, at: Date, settled?: Settled): UseNewsWire {
  const { usage, kind } = news;
  return present({
    event: kind,
    ...shareUsageToWire(usage),
    left: leftText(usage, at),
    threshold: kind === 'low' ? news.threshold : undefined,
    remaining: kind === 'low' ? news.remaining : undefined,
    increase_id: kind === 'increased' ? news.requestId : undefined,
    quantity: kind === 'increased' ? news.quantity : undefined,
    ...settled,
  });
}

function leftText({ grant, used }: Usage, at: Date): string | undefined {
  if (grant.quotaBytes !== undefined) {
    const left = grant.quotaBytes - used.bytesIn - used.bytesOut;
    return `${left > 0n ? left : 0n}B`;
  }
  const upAt = timeUpAt(grant);
  return upAt === undefined ? undefined : `${Math.max(0, Math.floor((upAt.getTime() - at.getTime()) / 1000))}s`;
}

/** What a warning says is left; the least that there is of a quantity stands for nothing. */
export function remainingForPeople(remaining: string): string {
  try {
    const { metric, size } = parseQuantity(remaining);
    return size === 1n ? 'nothing left' : `${metric === 'traffic' ? trafficForPeople(size) : duration(Number(size))} left`;
  } catch {
    return `${shown(remaining)} left`;
  }
}

type Counted = { readonly bytes_in: string; readonly bytes_out: string };

export function presentUseNews(news: UseNewsWire, { style }: Screen): string {
  const time = style.dim(clock(new Date()));
  const line = (...parts: readonly (string | undefined)[]) => [time, ...parts].filter((part) => part !== undefined).join('  ');
  switch (news.event) {
    case 'usage':
      return line(usedForPeople(news), leftForPeople(news), metersForPeople(news));
    case 'low':
      return line(style.warning(`Running low: ${remainingForPeople(news.remaining ?? '')}.`));
    case 'increased':
      return line(style.good(`${news.quantity} more.`), leftForPeople(news));
    case 'over':
      return line(style.bold('It is over.'), 'Waiting for what both sides have counted last.');
    case 'ended':
      return line(style.bold('Settled.'), usedForPeople(news), news.cost && `cost ${moneyForPeople(news.cost)}`, `went back ${moneyForPeople(news.returned ?? { ...news.request.fee, minor: news.request.returned })}`);
  }
}

/** `share usage`, once. */
export const shownUsageSchema = object('ShownUsage', { request: shareRequestSchema }, { ...properties, left: useNewsSchema.properties.left });
export interface ShownUsageWire extends Partial<ShareUsageWire> {
  readonly request: ShareRequestWire;
  readonly left?: string;
}

export function shownUsageToWire(request: ShareRequest, usage: Usage | undefined, at: Date): ShownUsageWire {
  return usage === undefined ? { request: shareRequestToWire(request) } : present({ ...shareUsageToWire(usage), left: leftText(usage, at) });
}

export function presentUsage(usage: ShownUsageWire, screen: Screen): string {
  const { grant, used, guest, sharer } = usage;
  return details(
    [
      ...requestLines(usage.request),
      ['used', used && trafficForPeople(bytesOf(used))],
      ['left', usage.left === undefined ? undefined : leftForPeople(usage)],
      ['time until', timeUntil(grant)],
      ['guest counted', guest && trafficForPeople(bytesOf(guest))],
      ['sharer counted', sharer && trafficForPeople(bytesOf(sharer))],
    ],
    screen,
  );
}

/** Not until when more can be bought. */
function timeUntil(grant: ShownUsageWire['grant']): string | undefined {
  const upAt = grant && timeUpAt(grantFromWire(grant));
  return upAt && localTime(upAt.toISOString());
}

function usedForPeople({ used, grant }: UseNewsWire): string {
  const quota = grant.quota_bytes === undefined ? '' : ` of ${trafficForPeople(BigInt(grant.quota_bytes))}`;
  return `used ${trafficForPeople(bytesOf(used))}${quota}`;
}

function leftForPeople({ left }: { readonly left?: string }): string | undefined {
  if (left === undefined) {
    return undefined;
  }
  const size = left.replace(/[Bs]$/, '');
  return left.endsWith('B') ? `${trafficForPeople(BigInt(size))} left` : `${duration(Number(size) * 1000)} left`;
}

/** Both sides' own, where they differ. */
function metersForPeople({ guest, sharer }: { readonly guest?: Counted; readonly sharer?: Counted }): string | undefined {
  const counted = (who: string, of: Counted | undefined) => (of === undefined ? [] : [`${who} ${trafficForPeople(bytesOf(of))}`]);
  const both = [...counted('guest', guest), ...counted('sharer', sharer)];
  return both.length === 0 ? undefined : `(counted: ${both.join(', ')})`;
}

function bytesOf({ bytes_in: received, bytes_out: sent }: Counted): bigint {
  return BigInt(received) + BigInt(sent);
}

