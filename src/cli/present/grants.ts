import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { pageOf } from '../../api/page.ts';
import type { Grant } from '../../domain/grant.ts';
import { trafficForPeople } from '../../domain/traffic.ts';
import { shown } from '../../domain/shown-text.ts';
import { actorForPeople } from '../../domain/token.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { clock, localTime, span } from './time.ts';

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

export const hidden = '(hidden, see --reveal)';

export function presentGrants(page: PageWire<ShownGrantWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No grants.';
  }
  const text = table(
    page.items,
    [
      { title: 'GRANT', cell: (grant) => grant.grant_id },
      { title: 'STATE', cell: (grant) => grant.state },
      { title: 'FOR', cell: subject },
      { title: 'NETWORK', cell: (grant) => grant.network.ssid },
      { title: 'PASSWORD', cell: (grant) => grant.password },
      { title: 'SOURCE', cell: (grant) => grant.source },
      { title: 'FROM', cell: (grant) => localTime(grant.starts_at) },
      { title: 'UNTIL', cell: (grant) => grant.ends_at && localTime(grant.ends_at) },
      { title: 'QUOTA', cell: quota },
      { title: 'USED', cell: used },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentGrant(grant: ShownGrantWire, screen: Screen): string {
  return details(
    [
      ['grant', grant.grant_id],
      ['state', grant.state],
      ['for', subject(grant)],
      ['network', grant.network.ssid],
      ['password', grant.password ?? (grant.state === 'active' ? hidden : undefined)],
      ['access point', grant.network.ap_id],
      ['source', grant.source],
      ['request', grant.request_id],
      ['from', localTime(grant.starts_at)],
      ['until', grant.ends_at === undefined ? 'no end' : localTime(grant.ends_at)],
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

function subject({ subject: { kind, id } }: GrantWire): string {
  return `${kind} ${id}`;
}

function quota({ quota_bytes: bytes, policy }: GrantWire): string | undefined {
  return bytes === undefined ? undefined : `${trafficForPeople(BigInt(bytes))}, then ${policy}`;
}

function used({ usage: { bytes_in: sent, bytes_out: received } }: GrantWire): string | undefined {
  const total = BigInt(sent) + BigInt(received);
  return total === 0n ? undefined : `${trafficForPeople(total)} (${trafficForPeople(BigInt(sent))} from it, ${trafficForPeople(BigInt(received))} to it)`;
}
