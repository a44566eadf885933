import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { heardSecurities, sameSsid, type HeardNetwork, type HeardSecurity } from '../../domain/heard-network.ts';
import { mostBssids, type Network } from '../../domain/network.ts';
import { quoted } from '../../domain/shown-text.ts';
import { parseSsidHex, parseTypedSsid, ssidText } from '../../domain/ssid-text.ts';
import type { NetworkClaim } from '../../roles/networks/ports.ts';
import { accountFlag, choiceFlag } from '../flags.ts';
import { custom } from '@oclif/core/flags';
import { flagValue } from '../input-error.ts';
import type { Choice } from '../question.ts';

export const ssidBytesFlag = custom<Uint8Array>({ parse: flagValue(parseTypedSsid), helpValue: 'SSID' });
export const ssidHexFlag = custom<Uint8Array>({ parse: flagValue(parseSsidHex), helpValue: 'HEX' });
export const bssidFlag = custom<string>({ parse: flagValue(parseBssid), helpValue: 'BSSID' });

/** What a sharer says its network is. */
export const claimFlags = {
  ssid: ssidBytesFlag({ description: 'The network’s name; asked for, of those that are heard or were claimed before, if left out.', exclusive: ['ssid-hex'] }),
  'ssid-hex': ssidHexFlag({ description: 'Its bytes in hexadecimal, where it is no text.' }),
  bssid: bssidFlag({ description: 'The address of one of its radios; once for each. All that are heard by that name if left out.', multiple: true, multipleNonGreedy: true }),
  security: choiceFlag(heardSecurities)({ description: 'How it is secured; as it is heard if left out.' }),
  account: accountFlag({ description: 'Whose it is, by name or id; may be left out where this terminal is bound to one account alone.' }),
};

export interface ClaimFlags {
  readonly ssid?: Uint8Array | undefined;
  readonly 'ssid-hex'?: Uint8Array | undefined;
  readonly bssid?: readonly string[] | undefined;
  readonly security?: HeardSecurity | undefined;
  readonly account?: string | undefined;
}

type Claimed = Pick<NetworkClaim, 'ssid' | 'bssids' | 'security'>;

export interface Claiming {
  /** What is on the air; asked for when it is needed. */
  readonly hear: () => Promise<readonly HeardNetwork[]>;
  /** The account's own, asked for when it is needed. */
  readonly claimed: () => Promise<readonly Network[]>;
  /** Undefined where nobody is there to choose. */
  readonly choose: ((message: string, choices: readonly Choice<Claimed>[]) => Promise<Claimed>) | undefined;
}

/**
 * What is to be claimed: by the flags, completed by what is heard, or chosen. Errors: `missing_input` that names the flag,
 * `scan_unavailable`, `scan_malformed`, `wifi_not_found`.
 */
export async function claimOf(flags: ClaimFlags, { hear, claimed, choose }: Claiming): Promise<NetworkClaim> {
  const ssid = flags.ssid ?? flags['ssid-hex'];
  if (ssid === undefined) {
    if (choose === undefined) {
      throw new LatchkeyError('missing_input', '--ssid is missing.', { hint: 'Name the network with --ssid and --bssid, or run it at a terminal to choose one.' });
    }
    return { ...(await choose('Which network is yours?', await choicesOf(hear, claimed))), account: flags.account };
  }
  const { bssid: named = [] } = flags;
  if (named.length > 0 && flags.security !== undefined) {
    return { ssid, bssids: [...new Set(named)], security: flags.security, account: flags.account };
  }
  const heard = (await hear()).filter((network) => sameSsid(network.ssid, ssid) && (named.length === 0 || named.includes(network.bssid)));
  if (heard.length === 0) {
    throw new LatchkeyError('wifi_not_found', `The network ${quoted(ssidText(ssid))} is not heard here.`, { hint: 'Name its radios with --bssid, and how it is secured with --security.' });
  }
  const bssids = named.length > 0 ? [...new Set(named)] : heard.map(({ bssid }) => bssid).slice(0, mostBssids);
  return { ssid, bssids, security: flags.security ?? onlySecurity(heard), account: flags.account };
}

function onlySecurity(heard: readonly HeardNetwork[]): HeardSecurity {
  const [security, ...others] = new Set(heard.map((network) => network.security));
  if (others.length > 0) {
    throw new LatchkeyError('missing_input', `Its radios are heard secured in different ways (${[security, ...others].join(', ')}): name one with --security, and its radios with --bssid.`);
  }
  return security!;
}

/** What is heard, the strongest first, and what was claimed before. Where nothing can be heard there may be enough of those. */
async function choicesOf(hear: Claiming['hear'], claimed: Claiming['claimed']): Promise<Choice<Claimed>[]> {
  const before = await claimed();
  const heard = await hear().catch((error: unknown) => {
    if (before.length === 0) {
      throw error;
    }
    return [];
  });
  const known = before.map(({ ssid, bssids, security, state }) => ({ name: `${ssidText(ssid)}  ${bssids.join(' ')}  ${security}  ${state}`, value: { ssid, bssids, security } }));
  const isKnown = ({ bssid }: HeardNetwork) => before.some(({ bssids }) => bssids.includes(bssid));
  const groups = new Map<string, HeardNetwork[]>();
  for (const network of heard.filter(({ ssid }) => ssid.length > 0)) {
    const key = `${Buffer.from(network.ssid).toString('hex')} ${network.security}`;
    groups.set(key, [...(groups.get(key) ?? []), network]);
  }
  const signal = (networks: readonly HeardNetwork[]) => Math.max(...networks.map(({ signalDbm }) => signalDbm ?? -200));
  const others = [...groups.values()].filter((networks) => !networks.some(isKnown)).toSorted((one, other) => signal(other) - signal(one));
  const choices = [...known, ...others.map((networks) => {
    const { ssid, security } = networks[0]!;
    const bssids = networks.map(({ bssid }) => bssid).slice(0, mostBssids);
    return { name: `${ssidText(ssid)}  ${bssids.join(' ')}  ${security}`, value: { ssid, bssids, security } };
  })];
  if (choices.length === 0) {
    throw new LatchkeyError('wifi_not_found', 'No network with a name is heard here.', { hint: 'Name it with --ssid, --bssid and --security.' });
  }
  return choices;
}
