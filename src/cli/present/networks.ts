import { Buffer } from 'node:buffer';
import { bssid, ssidBytesSchema } from '../../api/heard-networks.ts';
import { challengeSchema, networkSchema, type ChallengeWire, type MessageWire, type NetworkWire } from '../../api/networks.ts';
import { arrayOf, object, oneOf, type Static } from '../../api/schema.ts';
import { heardSecurities, type HeardSecurity } from '../../domain/heard-network.ts';
import { shown } from '../../domain/shown-text.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

/** What would be claimed, and with a challenge what was. */
export const startedSchema = object('StartedVerification', { ssid: ssidBytesSchema, bssids: arrayOf(bssid), security: oneOf(heardSecurities) }, { challenge: challengeSchema });
export type StartedWire = Static<typeof startedSchema>;

export const verifyStatusSchema = object('VerificationStatus', { challenges: arrayOf(challengeSchema) }, { networks: arrayOf(networkSchema), next: { type: 'string' } });
export type VerifyStatusWire = Static<typeof verifyStatusSchema>;

/** For tables and details, which escape it. */
export function nameOf(ssid: string): string {
  return ssidText(Buffer.from(ssid, 'base64url'));
}

/** Of a name that nobody could type as it is shown, or would see all the blanks of. */
function hexOf(ssid: string): string | undefined {
  const bytes = Buffer.from(ssid, 'base64url');
  return shown(nameOf(ssid)) === bytes.toString() && !/^ | $| {2}/.test(nameOf(ssid)) ? undefined : bytes.toString('hex');
}

export function presentStarted({ challenge, ...claim }: StartedWire, screen: Screen): string {
  return challenge === undefined ? details(claimEntries(claim), screen) : presentChallenge(challenge, screen);
}

export function presentChallenge(challenge: ChallengeWire, screen: Screen): string {
  const { witnesses, witnessed } = challenge;
  const isOpen = challenge.state === 'pending' || challenge.state === 'processing';
  const text = details(
    [
      ...claimEntries({ ...challenge, ssid: challenge.first }),
      ['rename to', isOpen ? nameOf(challenge.second) : undefined],
      ['in hexadecimal', isOpen ? hexOf(challenge.second) : undefined],
      ['state', challenge.state],
      ['until', isOpen ? localTime(challenge.expires_at) : undefined],
      ['witnesses', witnesses === 0 ? undefined : `${witnessed} of ${witnesses} heard it`],
      ['challenge', challenge.challenge_id],
      ['network id', challenge.network_id],
    ],
    screen,
  );
  return challenge.errors.length === 0 ? text : `${text}\n\n${presentAttempts(challenge, screen)}`;
}

export function presentVerifyStatus({ networks, next, challenges }: VerifyStatusWire, screen: Screen): string {
  const open = challenges.map((challenge) => presentChallenge(challenge, screen));
  return [...(networks === undefined ? [] : [presentNetworks({ items: networks, ...(next === undefined ? {} : { next }) }, screen)]), ...open].join('\n\n');
}

export function presentNetwork(network: NetworkWire, screen: Screen): string {
  const text = details(
    [
      ...claimEntries(network),
      ['state', network.state],
      ['because', network.reason],
      ['account', network.account_id],
      ['proven', network.verified_at && localTime(network.verified_at)],
      ['prove again by', network.prove_again_by && localTime(network.prove_again_by)],
      ['network id', network.network_id],
    ],
    screen,
  );
  return network.message === undefined ? text : `${text}\n\n${presentMessage(network.message, screen)}`;
}

export function presentMessage({ texts, valid_from: from, valid_to: to }: MessageWire, screen: Screen): string {
  const times = details([['from', from && localTime(from)], ['to', to && localTime(to)]], screen);
  return [...texts.map((text) => `${screen.style.bold(shown(text.language))}\n${presentText(text)}`), ...(times === '' ? [] : [times])].join('\n\n');
}

/** Whoever wrote it may break lines, and do nothing else to a terminal. */
export function presentText({ text, link }: { readonly text: string; readonly link?: string | undefined }): string {
  return [...text.split('\n'), ...(link === undefined ? [] : [link])].map(shown).join('\n');
}

function presentNetworks(page: PageWire<NetworkWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No networks.';
  }
  const text = table(
    page.items,
    [
      { title: 'NETWORK', cell: ({ network_id }) => network_id },
      { title: 'NAME', cell: ({ ssid }) => nameOf(ssid) },
      { title: 'STATE', cell: ({ state }) => state, paint: (state, { state: is }, { style }) => (is === 'valid' ? style.good(state) : is === 'suspended' ? style.bad(state) : state) },
      { title: 'PROVEN', cell: ({ verified_at: at }) => at && localTime(at) },
      { title: 'PROVE AGAIN BY', cell: ({ prove_again_by: at }) => at && localTime(at) },
      { title: 'BECAUSE', cell: ({ reason }) => reason },
      { title: 'RADIOS', cell: ({ bssids }) => bssids.join(' ') },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

function presentAttempts({ errors }: ChallengeWire, screen: Screen): string {
  return table(
    errors,
    [
      { title: 'TRIED', cell: ({ at }) => localTime(at) },
      { title: 'FAULT', cell: ({ fault }) => fault },
      { title: 'DETAIL', cell: ({ detail }) => detail },
    ],
    screen,
  );
}

function claimEntries({ ssid, bssids, security }: { readonly ssid: string; readonly bssids: readonly string[]; readonly security: HeardSecurity }): [string, string][] {
  return [['network', nameOf(ssid)], ['radios', bssids.join(' ')], ['security', security]];
}
