import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { custom } from '@oclif/core/flags';
import { LatchkeyError } from '../../domain/errors.ts';
import { valuesAsEnv, valuesAsHeader, valuesAsJson } from '../../formats/device-values.ts';
import { nvsKeysFrom, readKeyPartition, writeKeyPartition, type NvsKeys } from '../../formats/nvs/encryption.ts';
import { smallestPartition, type NvsEntry } from '../../formats/nvs/layout.ts';
import { checkName, parsePartitionSize, writeNvs } from '../../formats/nvs/write.ts';
import { openExtraValues } from './extra-values.ts';
import { choiceFlag, pathFlag, switchFlag } from '../flags.ts';
import type { FoundIdentity, IdentityOrReject } from '../identity-source.ts';
import { flagValue } from '../input-error.ts';
import { isReject, type Reject } from '../rejects-file.ts';

export const imageFormats = ['esp-nvs', 'json', 'env', 'header'] as const;
type ImageFormat = (typeof imageFormats)[number];

const suffixes: Record<ImageFormat, string> = { 'esp-nvs': 'bin', json: 'json', env: 'env', header: 'h' };

const nvsNameFlag = custom<string>({
  helpValue: 'NAME',
  parse: flagValue((text) => {
    checkName(text, 'key');
    return text;
  }),
});

/** Under which names a device finds its identity. */
export const identityNameFlags = {
  namespace: nvsNameFlag({ description: 'Namespace of the identity.', default: 'latchkey' }),
  'uuid-key': nvsNameFlag({ description: 'Key of the uuid.', default: 'uuid' }),
  'ssid-key': nvsNameFlag({ description: 'Key of the onboarding SSID.', default: 'ssid' }),
  'pass-tmp-key': nvsNameFlag({ description: 'Key of the pass_tmp.', default: 'pass_tmp' }),
};

/** On commands that make images. */
export const imageFlags = {
  format: choiceFlag(imageFormats)({ description: 'NVS partition of ESP-IDF, JSON, shell variables or C header.', default: 'esp-nvs' }),
  'partition-size': custom<number>({ helpValue: 'BYTES', parse: flagValue(parsePartitionSize) })({ description: 'Size of the NVS partition; 0x3000 if left out.' }),
  ...identityNameFlags,
  extra: pathFlag({ description: 'More values: the values CSV of mfg_gen with --extra-config, else a CSV of nvs_partition_gen for all devices.' }),
  'extra-config': pathFlag({ description: 'The config CSV of mfg_gen: what the columns of --extra are.' }),
  dpp: switchFlag({ description: 'Look up each device’s DPP key, also of one whose row says all else.' }),
  encrypt: switchFlag({ description: 'Encrypt NVS partitions, each with keys of its own in a key partition beside it.' }),
  'encryption-keys': pathFlag({ description: 'Encrypt them all with the keys in this key partition.' }),
};

export interface ImageFlags {
  readonly format: ImageFormat;
  readonly 'partition-size': number | undefined;
  readonly namespace: string;
  readonly 'uuid-key': string;
  readonly 'ssid-key': string;
  readonly 'pass-tmp-key': string;
  readonly extra: string | undefined;
  readonly 'extra-config': string | undefined;
  readonly encrypt: boolean;
  readonly 'encryption-keys': string | undefined;
}

export interface DeviceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What goes into one device: its image, and behind that the key partition that was made for it. */
export interface DeviceImage {
  readonly identity: FoundIdentity;
  readonly files: readonly [image: DeviceFile, ...rest: DeviceFile[]];
}

export interface DeviceImages {
  /**
   * Of what `readIdentities` yields, in the same order; what cannot be made is a reject, and rejects stay what they
   * are. Each is made when it is asked for, in the place of the one before.
   */
  of(found: readonly IdentityOrReject[]): AsyncGenerator<DeviceImage | Reject>;
}

interface ImageSurroundings {
  /** The only devices that there will be, if they are known. */
  readonly wanted?: readonly string[] | undefined;
  /** The key partition that was made for a device before. */
  readonly keptKeys?: ((file: string) => Uint8Array | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const dppKeyName = 'dpp_key';

/**
 * Makes the images of devices as flags say. Errors: `invalid_input` for flags that do not go together or a name that
 * is there twice; those of reading the files that they name.
 */
export function openImages(flags: ImageFlags, { wanted, keptKeys, signal }: ImageSurroundings = {}): DeviceImages {
  const { format, namespace } = flags;
  const names = [flags['uuid-key'], flags['ssid-key'], flags['pass-tmp-key'], dppKeyName];
  if (format !== 'esp-nvs' && (flags.encrypt || flags['encryption-keys'] !== undefined || flags['partition-size'] !== undefined)) {
    throw new LatchkeyError('invalid_input', `--encrypt, --encryption-keys and --partition-size are of NVS partitions, not of --format ${format}.`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `Two values of an identity would be called ${twice}.`);
  }
  const extras = openExtraValues({ extra: flags.extra, extraConfig: flags['extra-config'], wanted, signal });
  const taken = extras.keys.find((key) => key.namespace === namespace && names.includes(key.key));
  if (taken !== undefined) {
    throw new LatchkeyError('invalid_input', `The extra values have a ${taken.key} in ${namespace}, which the identity brings.`, {
      hint: 'Take it out of the file, or call the identity’s another name.',
    });
  }
  const sharedKeys = flags['encryption-keys'] === undefined ? undefined : readKeys(flags['encryption-keys'], '--encryption-keys');
  const size = flags['partition-size'] ?? smallestPartition;

  const filesOf = (identity: FoundIdentity, more: readonly NvsEntry[], bytes: Buffer): DeviceImage['files'] => {
    const entries = [...identityEntries(identity, flags), ...more];
    const name = `${identity.uuid}.${suffixes[format]}`;
    if (format !== 'esp-nvs') {
      return [{ name, bytes: Buffer.from(textOf(format, entries, namespace)) }];
    }
    if (sharedKeys !== undefined || !flags.encrypt) {
      writeNvs(bytes, entries, sharedKeys);
      return [{ name, bytes }];
    }
    const keysName = `${identity.uuid}.keys.bin`;
    const kept = keptKeys?.(keysName);
    const keys = kept === undefined ? nvsKeysFrom(randomBytes(64)) : readKeptKeys(kept, keysName);
    writeNvs(bytes, entries, keys);
    return [{ name, bytes }, { name: keysName, bytes: kept ?? writeKeyPartition(keys) }];
  };

  return {
    async *of(found) {
      found.filter(isReject).forEach(({ line }) => extras.passOver(line));
      const bytes = Buffer.alloc(format === 'esp-nvs' ? size : 0);
      for (const identity of found) {
        if (isReject(identity)) {
          yield identity;
          continue;
        }
        try {
          yield { identity, files: filesOf(identity, await extras.of(identity), bytes) };
        } catch (error) {
          if (!(error instanceof LatchkeyError && ['invalid_input', 'image_damaged'].includes(error.code))) throw error;
          yield { line: identity.line ?? 0, code: error.code, reason: error.message, row: { uuid: identity.uuid } };
        }
      }
    },
  };
}

/** A key partition that a flag names. Errors: `file_not_found`, `invalid_input`, `image_damaged`. */
export function readKeys(path: string, flag: string): NvsKeys {
  let partition: Uint8Array;
  try {
    partition = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new LatchkeyError('file_not_found', `${flag}: there is no file ${path}.`, { cause: error })
      : new LatchkeyError('invalid_input', `${flag}: ${path} cannot be read (${code}).`, { cause: error });
  }
  return readKeyPartition(partition);
}

function readKeptKeys(partition: Uint8Array, name: string): NvsKeys {
  try {
    return readKeyPartition(partition);
  } catch (error) {
    throw error instanceof LatchkeyError ? new LatchkeyError(error.code, `${name} is there already. ${error.message}`, { cause: error }) : error;
  }
}

function identityEntries({ uuid, ssid, passTmp, dppKey }: FoundIdentity, flags: ImageFlags): NvsEntry[] {
  const { namespace } = flags;
  const text = (key: string, value: string): NvsEntry => ({ namespace, key, type: 'string', value });
  return [
    text(flags['uuid-key'], uuid),
    text(flags['ssid-key'], ssid),
    ...(passTmp === undefined ? [] : [text(flags['pass-tmp-key'], passTmp)]),
    ...(dppKey === undefined ? [] : [{ namespace, key: dppKeyName, type: 'blob', value: dppKey } as const]),
  ];
}

function textOf(format: Exclude<ImageFormat, 'esp-nvs'>, entries: readonly NvsEntry[], namespace: string): string {
  switch (format) {
    case 'json':
      return valuesAsJson(entries, namespace);
    case 'env':
      return valuesAsEnv(entries);
    case 'header':
      return valuesAsHeader(entries);
  }
}
