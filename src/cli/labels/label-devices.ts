import { LatchkeyError } from '../../domain/errors.ts';
import { isDrawable } from '../../formats/bitmap-font.ts';
import { layOutLabel, type LabelSize } from '../../formats/label-layout.ts';
import type { LabelLogo } from '../../formats/label-logo.ts';
import type { LabelTemplate } from '../../formats/label-text.ts';
import { qrCode, type QrLevel } from '../../formats/qr.ts';
import type { BootstrapKey, FactoryRole } from '../../roles/factory/ports.ts';
import type { FoundIdentity, IdentityOrReject } from '../identity-source.ts';
import { labelContent, type LabelKind } from './content.ts';
import type { LabelFormat, LabelOutput } from './output.ts';
import { isReject, type Reject } from '../rejects-file.ts';

export interface LabelJob {
  readonly devices: AsyncIterable<readonly IdentityOrReject[]>;
  readonly kind: LabelKind;
  readonly text: readonly LabelTemplate[];
  readonly size: LabelSize;
  readonly level: QrLevel;
  readonly logo: LabelLogo | undefined;
  readonly format: LabelFormat;
  readonly output: LabelOutput;
  readonly factory: () => Promise<FactoryRole>;
  readonly reject: (reject: Reject) => Promise<void>;
  readonly onLabel: () => void;
}

/** What people should know of labels that were made all the same. */
export interface LabelTally {
  labels: number;
  /** Text was too long for them. */
  shortened: number;
  /** Their text has characters that are drawn as boxes. */
  boxed: number;
  /** Flashed before their DPP key was made: it is not in them. */
  readonly keyless: string[];
}

/** Errors: those of reading, of the registry and of writing; what one device lacks is a reject. */
export async function labelDevices(job: LabelJob): Promise<LabelTally> {
  const tally: LabelTally = { labels: 0, shortened: 0, boxed: 0, keyless: [] };
  let position = 0;
  for await (const found of job.devices) {
    const keys = await keysOf(found, job);
    for (const device of found) {
      position += 1;
      if (isReject(device)) {
        await job.reject(device);
        continue;
      }
      try {
        await label(device, keys.get(device.uuid), job, tally);
      } catch (error) {
        if (!(error instanceof OneLabel)) throw error;
        await job.reject({ line: device.line ?? position, code: error.code, reason: error.message, row: { uuid: device.uuid } });
      }
    }
  }
  if (tally.labels > 0) {
    await job.output.end();
  }
  return tally;
}

async function keysOf(found: readonly IdentityOrReject[], { kind, factory }: LabelJob): Promise<ReadonlyMap<string, BootstrapKey>> {
  const uuids = found.flatMap((device) => (isReject(device) ? [] : [device.uuid]));
  if (kind.kind !== 'dpp' || uuids.length === 0) {
    return new Map();
  }
  const keys = await (await factory()).bootstrapKeys(uuids);
  return new Map(keys.flatMap((key) => (key === undefined ? [] : [[key.uuid, key]])));
}

/** Something is wrong with one label, and the others go on. */
class OneLabel extends LatchkeyError {
  constructor({ code, message, hint }: LatchkeyError) {
    super(code, message, { hint });
  }
}

async function label(device: FoundIdentity, key: BootstrapKey | undefined, job: LabelJob, tally: LabelTally): Promise<void> {
  const layout = forOne(() => {
    if (job.kind.kind === 'dpp' && key === undefined) {
      throw new LatchkeyError('device_not_found', `There is no device ${device.uuid}.`);
    }
    const { payload, lines } = labelContent(device, job.kind, job.text, key);
    return layOutLabel({ qr: qrCode(payload, job.level), lines, logo: job.logo }, job.size);
  });
  try {
    await job.output.add(device.uuid, layout);
  } catch (error) {
    throw job.output.fileEach && error instanceof LatchkeyError && error.code === 'file_exists' ? new OneLabel(error) : error;
  }
  tally.labels += 1;
  job.onLabel();
  if (layout.shortened.length > 0) tally.shortened += 1;
  if (job.format === 'png' && layout.lines.some(({ text }) => ![...text].every(isDrawable))) tally.boxed += 1;
  if (key !== undefined && device.flashedAt !== undefined && device.flashedAt < key.madeAt) tally.keyless.push(device.uuid);
}

function forOne<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LatchkeyError ? new OneLabel(error) : error;
  }
}
