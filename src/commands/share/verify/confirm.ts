import { challengeSchema, challengeToWire, type ChallengeWire } from '../../../api/networks.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openNetworks } from '../../../cli/open-role.ts';
import { presentChallenge } from '../../../cli/present/networks.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { hear, hearingFlags } from '../../../cli/sharing/heard.ts';
import { judgementError } from '../../../cli/sharing/start-verification.ts';

export default class ShareVerifyConfirm extends LatchkeyCommand<ChallengeWire> {
  static override readonly summary = 'Have a verification judged by what is heard now, while the network has its second name.';
  static override readonly description =
    'What it does not prove yet may be tried again until the time is over; each attempt is kept with its reason. It ends with exit code 12 as long as the network is not proven.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> chl_1234', 'iw dev wlan0 scan | <%= config.bin %> <%= command.id %> chl_1234 --scan -'];
  static override readonly args = { challenge: idArg({ description: 'The verification, as `share verify start` named it.', required: true }) };
  static override readonly flags = { ...hearingFlags, ...remoteFlags };
  static override readonly result = challengeSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ShareVerifyConfirm);
    const networks = await openNetworks(flags, this.opening);
    const heard = await hear(flags, this.signal, 'each');
    const challenge = await networks.confirm(args.challenge, heard);
    await this.emit(challengeToWire(challenge));
    const error = judgementError(challenge);
    if (error !== undefined) {
      throw error;
    }
    await this.note('The network is proven to be yours. Set its name back now.');
  }

  protected present(challenge: ChallengeWire, screen: Screen): string {
    return presentChallenge(challenge, screen);
  }
}
