import { challengeToWire, networkToWire } from '../../../api/networks.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { roleDestinationName } from '../../../cli/destination.ts';
import { pageFlags, remoteFlags } from '../../../cli/flags.ts';
import { openNetworks } from '../../../cli/open-role.ts';
import { presentVerifyStatus, verifyStatusSchema, type VerifyStatusWire } from '../../../cli/present/networks.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { BegunChallenges } from '../../../cli/sharing/begun-challenges.ts';
import { openChallenges } from '../../../cli/sharing/verification-status.ts';

export default class ShareVerifyStatus extends LatchkeyCommand<VerifyStatusWire> {
  static override readonly summary = 'Your networks: which are proven, until when, and why not; and verifications with what each attempt came to.';
  static override readonly description = 'Without an argument: the networks, and the open verifications that were begun on this machine.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> chl_1234 --json'];
  static override readonly args = { challenge: idArg({ description: 'One verification, open or over.' }) };
  static override readonly flags = { ...pageFlags, ...remoteFlags };
  static override readonly result = verifyStatusSchema;

  async run(): Promise<VerifyStatusWire> {
    const { args, flags } = await this.parse(ShareVerifyStatus);
    const role = await openNetworks(flags, this.opening);
    if (args.challenge !== undefined) {
      return { challenges: [challengeToWire(await role.challenge(args.challenge))] };
    }
    const { items, next } = await role.networks({ limit: flags.limit, after: flags.after });
    const open = await openChallenges(role, new BegunChallenges(roleDestinationName('terminal', flags)));
    return { networks: items.map(networkToWire), ...(next === undefined ? {} : { next }), challenges: open.map(challengeToWire) };
  }

  protected present(status: VerifyStatusWire, screen: Screen): string {
    return presentVerifyStatus(status, screen);
  }
}
