import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { runAdministrationProgram } from '../../programs/run-administration-program.ts';

export interface ScanOptions {
  /** The only wireless one if not given. */
  readonly interface?: string | undefined;
  readonly signal: AbortSignal;
  /** Between two tries while another scan runs. */
  readonly busyMs?: number | undefined;
  /** How long one scan may take: all channels take some 10 s. */
  readonly longestMs?: number | undefined;
}

interface Ran {
  readonly code: number | undefined;
  readonly output: string;
}

/** nmcli(1), exit status. */
const notRunning = 8;
const isNotThere = 10;

/** The fields that say an SSID by its bytes, in the order in which the scan is read. */
const fields = 'BSSID,SSID-HEX,FREQ,SIGNAL,SECURITY';
const tries = 8;

/**
 * Scans now, and resolves to what the program printed: `iw dev … scan`, which takes root; where iw is missing or may not,
 * `nmcli`. Errors: `scan_unavailable`, `timed_out` if it takes too long, or another scan goes on and on, the signal's reason.
 */
export async function scanAir({ interface: name, signal, busyMs = 1000, longestMs = 60_000 }: ScanOptions): Promise<string> {
  const byIw = await scanByIw(name, { busyMs, longestMs, signal });
  if (typeof byIw === 'string') {
    return byIw;
  }
  const byNetworkManager = await scanByNetworkManager(name, signal);
  if (typeof byNetworkManager === 'string') {
    return byNetworkManager;
  }
  // What stands in iw's way is nearer to being mended than that NetworkManager is missing, too.
  throw byNetworkManager ?? byIw ?? unavailable('Neither iw nor NetworkManager is here to scan with.', 'Install iw, or give a scan made elsewhere: --scan FILE.');
}

/** The radio that an interface is connected to now; undefined if to none. Errors: as of `scanAir`. */
export async function connectedRadio({ interface: name, signal }: ScanOptions): Promise<string | undefined> {
  const devices = await run(['iw', 'dev'], signal);
  const stations = devices === undefined ? [] : stationsOf(devices.output);
  const asked = name === undefined ? stations : [name];
  for (const each of asked) {
    const link = await run(['iw', 'dev', each, 'link'], signal);
    const bssid = /^Connected to ([0-9a-f:]{17})/m.exec(link?.output ?? '')?.[1];
    if (bssid !== undefined) {
      return bssid.toLowerCase();
    }
  }
  if (asked.length > 0) {
    return undefined;
  }
  const list = await run(['nmcli', '-t', '-f', 'ACTIVE,BSSID', 'device', 'wifi', 'list', '--rescan', 'no'], signal);
  if (list === undefined || list.code !== 0) {
    throw unavailable('Neither iw nor NetworkManager says which network this machine is on.', 'Name it with --joined.');
  }
  return /^yes:((?:[0-9a-f]{2}\\:){5}[0-9a-f]{2})$/im.exec(list.output)?.[1]?.replaceAll('\\', '').toLowerCase();
}

/** Undefined where there is no iw; an error where it may not. */
async function scanByIw(
  name: string | undefined,
  { busyMs, longestMs, signal }: { readonly busyMs: number; readonly longestMs: number; readonly signal: AbortSignal },
): Promise<string | LatchkeyError | undefined> {
  const on = name ?? (await onlyStation(signal));
  if (on === undefined || on instanceof LatchkeyError) {
    return on;
  }
  for (let left = tries; ; left -= 1) {
    const ran = await runFor(longestMs, ['iw', 'dev', on, 'scan'], signal);
    if (ran === undefined || ran.code === 0) {
      return ran?.output;
    }
    if (/\(-1\)/.test(ran.output)) {
      return unavailable(`This user may not scan on ${on}.`, 'Run it as root, or give a scan made elsewhere: --scan FILE.');
    }
    if (/\(-19\)|No such device/i.test(ran.output)) {
      throw noInterface(on);
    }
    if (/^nl80211 not found/m.test(ran.output)) {
      return unavailable('This machine has no Wi-Fi.', 'Give a scan made elsewhere: --scan FILE.');
    }
    if (/\(-100\)/.test(ran.output)) {
      throw unavailable(`The interface ${on} is down.`, `Bring it up: ip link set ${on} up.`);
    }
    // Another scan runs, or more was heard than there was room for just then.
    if (!/\(-(?:16|105)\)/.test(ran.output)) {
      throw unavailable(`iw does not scan on ${on} (${lastLine(ran.output)}).`);
    }
    if (left === 1) {
      throw new LatchkeyError('timed_out', `Another scan on ${on} does not end.`);
    }
    await sleep(busyMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Undefined where iw cannot tell. */
async function onlyStation(signal: AbortSignal): Promise<string | LatchkeyError | undefined> {
  const devices = await run(['iw', 'dev'], signal);
  if (devices === undefined) {
    return undefined;
  }
  const [first, ...others] = stationsOf(devices.output);
  if (others.length > 0) {
    throw new LatchkeyError('missing_input', `There are several wireless interfaces here (${[first, ...others].join(', ')}): name one with --interface.`);
  }
  return first ?? unavailable('This machine has no wireless interface that could scan.', 'Give a scan made elsewhere: --scan FILE.');
}

/** Interfaces that are stations: one that is an access point hears nobody else. */
function stationsOf(devices: string): string[] {
  return devices.split(/^\s*Interface /m).slice(1).flatMap((text) => (/^\s*type managed\s*$/m.test(text) ? [text.slice(0, text.search(/\s/))] : []));
}

async function scanByNetworkManager(name: string | undefined, signal: AbortSignal): Promise<string | LatchkeyError | undefined> {
  const ran = await run(['nmcli', '-t', '-f', fields, 'device', 'wifi', 'list', ...(name === undefined ? [] : ['ifname', name]), '--rescan', 'yes'], signal);
  switch (ran?.code) {
    case undefined:
      return undefined;
    case 0:
      return ran!.output;
    case notRunning:
      return undefined;
    case isNotThere:
      throw name === undefined ? unavailable('NetworkManager has no wireless interface that could scan.', 'Give a scan made elsewhere: --scan FILE.') : noInterface(name);
    default:
      return unavailable(`nmcli does not scan (${lastLine(ran!.output)}).`);
  }
}

/** Errors: `timed_out`. */
async function runFor(ms: number, words: readonly [program: string, ...args: string[]], signal: AbortSignal): Promise<Ran | undefined> {
  const deadline = AbortSignal.timeout(ms);
  try {
    return await run(words, AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.aborted ? new LatchkeyError('timed_out', `${words[0]} was not done with its scan within ${ms / 1000} s.`, { cause: error }) : error;
  }
}

/** Undefined where there is no such program. */
async function run(words: readonly [program: string, ...args: string[]], signal: AbortSignal): Promise<Ran | undefined> {
  let output = '';
  try {
    const code = await runAdministrationProgram(words, { signal, env: { LC_ALL: 'C' }, onOutput: (text) => (output += text) });
    signal.throwIfAborted();
    return { code, output };
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'file_not_found') {
      return undefined;
    }
    throw error;
  }
}

function noInterface(name: string): LatchkeyError {
  return unavailable(`There is no wireless interface ${name}.`, 'See what there is: iw dev.');
}

function unavailable(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('scan_unavailable', message, { hint });
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.replace(/^Error: /, '').replace(/\.$/, '') || 'it says nothing';
}
