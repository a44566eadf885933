import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { LatchkeyError } from '../domain/errors.ts';
import { quoted } from '../domain/shown-text.ts';
import type { Prompt } from '../roles/agent/ports.ts';
import type { AskedRequest, Credential, Granted, NetworkJoiner } from '../roles/device/ports.ts';
import { secretStore } from './destination.ts';
import { openJoiner, type NetworkProgram } from './open-joiner.ts';
import { openAccessPoint, type Opening } from './open-role.ts';
import { openPrompt } from './open-prompt.ts';
import { joinedToWire, type JoinedWire } from './present/joined.ts';
import { readSecret } from './secret-input.ts';

export interface JoinFlags {
  readonly uuid: string;
  readonly ssid: string;
  readonly 'pass-tmp-file'?: string | undefined;
  readonly ap?: string | undefined;
  readonly label?: string | undefined;
  readonly plain: boolean;
  readonly format?: NetworkProgram | undefined;
  readonly output?: string | undefined;
  readonly apply?: NetworkProgram | undefined;
  readonly interface?: string | undefined;
  readonly prompt?: string | undefined;
  readonly yes: boolean;
}

export interface Joining extends Opening {
  readonly showsCode: boolean;
  readonly note: (text: string) => Promise<void>;
  readonly caution: (text: string) => Promise<void>;
  /** Prints the result; only when it is out has the device joined. */
  readonly emit: (joined: JoinedWire) => Promise<void>;
}

const usualTimeoutMs = 600_000;

/** Errors: those of `joinNetwork`, `missing_input`, `file_exists`, `wifi_unavailable`. */
export async function joinDevice(flags: JoinFlags, joining: Joining): Promise<void> {
  const { sources, closing, timeoutMs, note, caution, emit, showsCode } = joining;
  const { uuid, ssid, label } = flags;
  if (flags.output !== undefined && existsSync(flags.output)) {
    throw new LatchkeyError('file_exists', `${flags.output} is there already.`);
  }
  const prompt = flags.yes ? undefined : await openFirstPrompt(flags.prompt, joining);
  if (prompt !== undefined) {
    closing.defer(() => prompt.close());
  }
  if (flags.plain) {
    await caution('The pass_tmp crosses the network as it is (--plain).');
  }
  const passTmp = await readSecret({
    name: 'pass-tmp',
    file: flags['pass-tmp-file'],
    storeName: `device/${uuid}/pass-tmp`,
    store: () => secretStore(sources),
    message: 'pass_tmp:',
    ...sources,
  });
  const joiner = await joinerFor(flags, joining);
  const link = await openAccessPoint(flags.ap, flags.plain, joining);
  const { joinNetwork } = await import('../roles/device/service.ts');
  let asked: AskedRequest | undefined;
  const joined = joinNetwork({
    link,
    joiner,
    identity: { uuid, ssid, passTmp },
    label,
    showsCode,
    timeoutMs: timeoutMs ?? usualTimeoutMs,
    signal: sources.signal,
    onAsked(request) {
      asked = request;
      void note(waiting(request));
    },
    onBusy: (error, ms) => void note(`${error.message} Trying again in ${Math.ceil(ms / 1000)} s.`),
    confirm: async (granted, signal) => (prompt === undefined ? true : prompt.ask(question(granted), signal)),
    async use(granted, on) {
      const config = flags.format === undefined ? undefined : await configFor(flags.format, granted);
      if (flags.output !== undefined && config !== undefined) {
        writeNew(flags.output, config);
      }
      await emit(joinedToWire({ uuid, asked: asked!, granted, config, output: flags.output, on }));
      if (on?.kept === false) {
        await caution('wpa_supplicant does not keep the network: after a restart it is gone. Set update_config=1 in its configuration.');
      }
    },
  });
  if (joiner !== undefined) {
    // Also who is interrupted goes back.
    closing.defer(() => joined.then(() => {}, () => {}));
  }
  await joined;
}

/** Opened before anything is sent: what is to join must be there. */
async function joinerFor({ apply, interface: name }: JoinFlags, joining: Joining): Promise<NetworkJoiner | undefined> {
  if (apply === undefined) {
    return undefined;
  }
  if (name === undefined) {
    throw new LatchkeyError('missing_input', '--interface is missing: which one is to join, such as wlan0.');
  }
  return openJoiner(apply, name, joining);
}

/** Asked for before anything is sent: who is to answer must be there. */
async function openFirstPrompt(chosen: string | undefined, { sources }: Joining): Promise<Prompt> {
  if (chosen === undefined && sources.interactive !== true) {
    throw new LatchkeyError('missing_input', 'Nobody is here to say whether to join: pass --yes or --prompt.');
  }
  return openPrompt(chosen ?? 'terminal', sources);
}

/** Our own words first: what the access point calls itself comes from the hello, which anybody may have answered. */
function waiting({ apName, matchCode }: AskedRequest): string {
  const code = matchCode === undefined ? '' : `Match code: ${matchCode}. `;
  return `${code}Waiting for the owner of the access point, which calls itself ${quoted(apName)}.`;
}

function question({ ssid }: Granted): { title: string; lines: string[] } {
  return { title: `Join the network ${quoted(ssid)}?`, lines: [] };
}

async function configFor(format: NetworkProgram, credential: Credential): Promise<string> {
  if (format === 'wpa_supplicant') {
    const { wpaSupplicantNetwork } = await import('../formats/wpa-supplicant.ts');
    return wpaSupplicantNetwork(credential);
  }
  const { networkManagerKeyfile } = await import('../formats/network-manager.ts');
  return networkManagerKeyfile(credential, randomUUID());
}

/** Errors: `file_exists`, `storage_full`, `file_not_found` (its folder), `storage_read_only`. */
function writeNew(path: string, text: string): void {
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    switch (code) {
      case 'EEXIST':
        throw new LatchkeyError('file_exists', `${path} is there already.`, { cause: error });
      case 'ENOENT':
      case 'ENOTDIR':
        throw new LatchkeyError('file_not_found', `The folder of ${path} is not there.`, { cause: error });
      case 'ENOSPC':
        throw new LatchkeyError('storage_full', `${path} could not be written: the disk is full.`, { cause: error });
      default:
        throw new LatchkeyError('storage_read_only', `${path} could not be written (${code}).`, { cause: error });
    }
  }
}
