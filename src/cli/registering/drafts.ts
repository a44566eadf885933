import { createCipheriv } from 'node:crypto';
import type { Random } from '../../domain/clock.ts';
import { parseDeviceFields, type DeviceFields } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { readIdentityRows, type IdentityColumn, type IdentityLine } from '../../formats/identity-rows.ts';
import { isBadLine, type Row } from '../../formats/rows.ts';
import { passTmpFrom, uuidFrom } from '../../protocol/encoding.ts';
import type { NewIdentity } from '../../roles/factory/ports.ts';
import { rejectedRow, rejectOfLine, type Reject } from '../rejects-file.ts';

/** What is to be registered, and the line of the input that it is in, or which of those to be made it is. */
export interface DraftIdentity extends NewIdentity {
  readonly line: number;
}

/** Of one row of the input, or one device to be made; or why it cannot be registered. */
export type Draft = DraftIdentity | Reject;

/** What rows are completed with. */
export interface Completion {
  readonly defaults: Pick<DeviceFields, 'model' | 'batch'> & { readonly ssid?: string | undefined };
  readonly allowWeak: boolean;
  /** Whether uuid and pass_tmp can be made: where nothing is written out, nobody would have them. */
  readonly makes: boolean;
  /** The uuid that is made for a line. */
  readonly uuidAt: (line: number) => string;
  readonly random: Random;
}

/**
 * The uuid of each line of a run, the same for the same seed (16 bytes in base64url) and line: the line's number, encrypted
 * with AES, which nobody tells from random without the seed.
 */
export function uuidsFrom(seed: string): (line: number) => string {
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(seed, 'base64url'), null);
  const block = Buffer.alloc(16);
  return (line) => {
    block.writeUIntBE(line, 10, 6);
    return uuidFrom(cipher.update(block));
  };
}

/** Drafts of so many devices as are to be made, behind `position`, some at a time. */
export function* madeDrafts(total: number, position: number, completion: Completion): Generator<readonly Draft[]> {
  for (let from = position; from < total; from += piece) {
    const count = Math.min(piece, total - from);
    yield Array.from({ length: count }, (_, index) => complete(from + index + 1, {}, completion));
  }
}

const piece = 1_000;

/** Drafts of the rows of a file behind line `position`. Errors: those of `readRows`. */
export async function* fileDrafts(source: AsyncIterable<Uint8Array>, position: number, completion: Completion): AsyncGenerator<readonly Draft[]> {
  for await (const lines of readIdentityRows(source, { skipLines: position })) {
    yield lines.map((line) => fromLine(line, completion));
  }
}

function fromLine(read: IdentityLine, completion: Completion): Draft {
  if (isBadLine(read)) {
    return rejectOfLine(read);
  }
  const { line } = read;
  try {
    return complete(line, read.values, completion);
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return { line, code: error.code, reason: error.message, row: rejectedRow(read.values) };
    }
    throw error;
  }
}

type Values = Row<IdentityColumn>['values'];

function complete(line: number, row: Values, { defaults, allowWeak, makes, uuidAt, random }: Completion): DraftIdentity {
  const { uuid, pass_tmp: passTmp, ssid = defaults.ssid, model = defaults.model, batch = defaults.batch, label, mac } = row;
  if (ssid === undefined) {
    throw new LatchkeyError('missing_input', 'There is no ssid, neither in the row nor by --ssid.');
  }
  if (!makes && (uuid === undefined || passTmp === undefined)) {
    throw new LatchkeyError('missing_input', `There is no ${uuid === undefined ? 'uuid' : 'pass_tmp'}, and no --out to write one to that is made.`);
  }
  const fields = parseDeviceFields({ uuid, passTmp, ssid, model, batch, label, mac }, { allowWeak });
  // Added to them, not copied: a million are made.
  return Object.assign(fields, {
    line,
    uuid: fields.uuid ?? uuidAt(line),
    passTmp: fields.passTmp ?? passTmpFrom(random.bytes(26)),
    made: passTmp === undefined,
  });
}
