import { signingKeySchema, signingKeyToWire, type SigningKeyWire } from '../../../api/codes.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { durationFlag, idempotencyFlag, notWith, remoteFlags, switchFlag } from '../../../cli/flags.ts';
import { openCodes } from '../../../cli/open-role.ts';
import { presentSigningKey } from '../../../cli/present/signing-keys.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { durationText } from '../../../domain/duration.ts';
import { LatchkeyError } from '../../../domain/errors.ts';

const usualOverlapMs = 86_400_000;
const longestOverlapMs = 365 * 86_400_000;

export default class ServerKeysRotate extends LatchkeyCommand<SigningKeyWire> {
  static override readonly summary = 'Make the next key that signs credit payment codes.';
  static override readonly description =
    'Cash registers get it with their next trust list; it signs when the overlap is over, when they all have it. Codes that the earlier key signed stay good.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Registers fetch their lists once a week', command: '<%= config.bin %> <%= command.id %> --overlap 7d' },
  ];
  static override readonly flags = {
    overlap: durationFlag({ description: 'How long registers have to fetch it before it signs.', default: usualOverlapMs, defaultHelp: async () => '24h' }),
    now: switchFlag({ description: 'Have it sign at once: registers refuse its codes until they have fetched it.', ...notWith('overlap') }),
    'idempotency-key': idempotencyFlag(),
    ...remoteFlags,
  };
  static override readonly result = signingKeySchema;

  async run(): Promise<SigningKeyWire> {
    const { flags } = await this.parse(ServerKeysRotate);
    if (flags.overlap > longestOverlapMs) {
      throw new LatchkeyError('invalid_input', `--overlap: ${durationText(flags.overlap)} is more than ${durationText(longestOverlapMs)}.`);
    }
    const codes = await openCodes('admin', flags, this.opening);
    const made = await codes.rotateKey(flags.now ? 0 : flags.overlap, flags['idempotency-key']);
    const waiting = flags.now ? [] : (await codes.keys()).filter(({ id, state }) => state === 'next' && id !== made.id);
    for (const { id, signsFrom } of waiting) {
      await this.caution(`Another next key waits, ${id}, to sign from ${signsFrom.toISOString()} on: each signs from its time until that of the one after it.`);
    }
    return signingKeyToWire(made);
  }

  protected present(key: SigningKeyWire, screen: Screen): string {
    return presentSigningKey(key, screen);
  }
}
