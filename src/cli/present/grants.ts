import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { pageOf } from '../../api/page.ts';
import { present } from '../../api/wire.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import { trafficForPeople } from '../../domain/traffic.ts';
import { shown } from '../../domain/shown-text.ts';
import { actorForPeople } from '../../domain/token.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { credentialSchema, presentQr, writtenSchema, type CredentialWire, type HandedOver } from './credentials.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { subjectForPeople } from './subjects.ts';
import { details, table, type Column } from './table.ts';
import { clock, duration, localTime, span } from './time.ts';

const { required, properties } = grantSchema;

/** A grant, with its password where it is active and that was asked for. */
export const shownGrantSchema = { ...grantSchema, title: 'ShownGrant', required, properties: { ...properties, password: { type: 'string' } } } as const;
export const shownGrantPageSchema = pageOf('ShownGrantPage', shownGrantSchema);
export type ShownGrantWire = GrantWire & { readonly password?: string };

/** `reveal` asks for the password behind a grant. */
export async function shownGrantToWire(grant: Grant, reveal?: (grantId: string) => Promise<Credential>): Promise<ShownGrantWire> {
  const wire = grantToWire(grant);
  return reveal === undefined || grant.state !== 'active' ? wire : { ...wire, password: (await reveal(grant.id)).password };
}

/** A grant, with all that its subject needs to get in where that was asked for. */
export const grantWithCredentialSchema = { ...shownGrantSchema, title: 'GrantWithCredential', required, properties: { ...shownGrantSchema.properties, credential: credentialSchema, written: writtenSchema } } as const;
export type GrantWithCredentialWire = ShownGrantWire & { readonly credential?: CredentialWire; readonly written?: string[] };

export function grantWithCredential(grant: ShownGrantWire, handedOver: HandedOver): GrantWithCredentialWire {
  return present({ ...grant, ...handedOver });
}

export const hidden = '(hidden, see --reveal)';

export function presentGrants(page: PageWire<ShownGrantWire>, screen: Screen): string {
  return grantTable(page, 'No grants.', screen, [
    { title: 'SOURCE', cell: (grant) => grant.source },
    { title: 'FROM', cell: (grant) => localTime(grant.starts_at) },
    { title: 'UNTIL', cell: (grant) => grant.ends_at && localTime(grant.ends_at) },
    { title: 'LEFT', cell: left },
    { title: 'QUOTA', cell: quota },
    { title: 'USED', cell: used },
  ]);
}

/** The permission list: who has paid, and what is left of it. */
export function presentPermissions(page: PageWire<ShownGrantWire>, screen: Screen): string {
  return grantTable(page, 'Nobody is on the permission list.', screen, [
    { title: 'ENTRY', cell: (grant) => localTime(grant.starts_at) },
    { title: 'ALLOWED', cell: ({ allowed_ms: allowed }) => (allowed === undefined ? 'no end' : duration(allowed)) },
    { title: 'USED', cell: timeUsed },
    { title: 'LEFT', cell: left },
  ]);
}

const whoMayWhere: readonly Column<ShownGrantWire>[] = [
  { title: 'GRANT', cell: (grant) => grant.grant_id },
  { title: 'STATE', cell: (grant) => grant.state },
  { title: 'FOR', cell: (grant) => subjectForPeople(grant.subject) },
  { title: 'NETWORK', cell: (grant) => grant.network.ssid },
  { title: 'PASSWORD', cell: (grant) => grant.password },
];

function grantTable(page: PageWire<ShownGrantWire>, nothing: string, screen: Screen, more: readonly Column<ShownGrantWire>[]): string {
  return page.items.length === 0 ? nothing : table(page.items, [...whoMayWhere, ...more], screen) + morePages(page, screen);
}

/** The password is in the QR code; in words it is there if `reveal` asked for it. `format`: the credential alone, in a form that is no text for people. */
export function presentGrantWithCredential(grant: GrantWithCredentialWire, { qr, format }: { readonly qr: boolean; readonly format: string }, screen: Screen): string {
  const { credential, written } = grant;
  if (credential !== undefined && format !== 'text') {
    return (format === 'ndef-hex' ? credential.ndef : undefined) ?? credential.wifi_uri;
  }
  const { ssid = grant.network.ssid, password_id: id, wifi_uri: uri } = credential ?? {};
  const more = details([['identifier of it', id], ['written', written?.join(', ')]], screen);
  return [
    presentGrant({ ...grant, network: { ...grant.network, ssid } }, screen),
    ...(more === '' ? [] : [more]),
    ...(qr && uri !== undefined ? [presentQr(uri, screen)] : []),
  ].join('\n\n');
}

export function presentGrant(grant: ShownGrantWire, screen: Screen): string {
  return details(
    [
      ['grant', grant.grant_id],
      ['state', grant.state],
      ['for', `${grant.subject.kind} ${grant.subject.id}`],
      ['network', grant.network.ssid],
      ['password', grant.password ?? (grant.state === 'active' ? hidden : undefined)],
      ['access point', grant.network.ap_id],
      ['source', grant.source],
      ['request', grant.request_id],
      ['from', localTime(grant.starts_at)],
      ['until', untilForPeople(grant)],
      ['allowed', grant.allowed_ms === undefined ? undefined : duration(grant.allowed_ms)],
      ['left', left(grant)],
      ['quota', quota(grant)],
      ['used', used(grant)],
      ['connected', grant.usage.seconds === 0 ? undefined : span(grant.usage.seconds * 1000)],
      ['VLAN', grant.vlan?.toString()],
      ['closed', grant.closed_at && `${localTime(grant.closed_at)} by ${actorForPeople(grant.closed_by ?? '')}`],
      ['reason', grant.reason],
    ],
    screen,
  );
}

/** One line of `grant watch`. */
export function grantLine(grant: GrantWire, { style }: Screen): string {
  const { usage, quota_bytes: allowed, ends_at: end, state, reason } = grant;
  const total = BigInt(usage.bytes_in) + BigInt(usage.bytes_out);
  const spent = allowed !== undefined && total >= BigInt(allowed);
  const parts = [
    style.dim(clock(new Date())),
    style.bold(state === 'active' && spent ? `${state}, spent` : state),
    `${trafficForPeople(total)}${allowed === undefined ? '' : ` of ${trafficForPeople(BigInt(allowed))}`}`,
    `connected ${span(usage.seconds * 1000)}`,
    end === undefined || state !== 'active' ? undefined : `until ${localTime(end)}`,
    reason === undefined ? undefined : shown(reason),
  ];
  return parts.filter((part) => part !== undefined).join('  ');
}

/** When its time is over, or what that waits for. */
export function untilForPeople({ state, ends_at: end, waiting_ms: waiting }: Pick<GrantWire, 'state'> & { readonly ends_at?: string; readonly waiting_ms?: number }): string {
  if (end !== undefined) {
    return localTime(end);
  }
  if (waiting === undefined) {
    return 'no end';
  }
  return state === 'paused' ? `paused with ${duration(waiting)} left` : `${duration(waiting)} from when the access point has it`;
}

/** Of its time; undefined where it has no end. */
function leftMs({ state, ends_at: end, waiting_ms: waitingMs }: GrantWire): number | undefined {
  return timeLeft({ state, endsAt: end === undefined ? undefined : new Date(end), waitingMs }, new Date());
}

function left(grant: GrantWire): string | undefined {
  const ms = leftMs(grant);
  return ms === undefined || (ms === 0 && grant.allowed_ms === undefined) ? undefined : duration(ms);
}

/** Of the time that was allowed; how much that was of what was taken back, nobody has kept. */
function timeUsed(grant: GrantWire): string | undefined {
  const { allowed_ms: allowed, state } = grant;
  return allowed === undefined || state === 'revoked' ? undefined : duration(Math.max(0, allowed - (leftMs(grant) ?? 0)));
}

function quota({ quota_bytes: bytes, policy }: GrantWire): string | undefined {
  return bytes === undefined ? undefined : `${trafficForPeople(BigInt(bytes))}, then ${policy}`;
}

function used({ usage: { bytes_in: sent, bytes_out: received } }: GrantWire): string | undefined {
  const total = BigInt(sent) + BigInt(received);
  return total === 0n ? undefined : `${trafficForPeople(total)} (${trafficForPeople(BigInt(sent))} from it, ${trafficForPeople(BigInt(received))} to it)`;
}
