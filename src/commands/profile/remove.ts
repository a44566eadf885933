import { leftBehind } from '../../cli/accepting/settle-codes.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { textArg } from '../../cli/args.ts';
import { dryRunFlag, yesFlag } from '../../cli/flags.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { removeProfile, showProfile } from '../../cli/profile-list.ts';

export default class ProfileRemove extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Remove a profile and its token from this machine.';
  static override readonly description = 'The token itself stays good at the server: see `server token revoke`. Of a cash register it says whether codes that it accepted wait to be settled.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> lab --yes'];
  static override readonly args = { name: textArg({ description: 'The profile.', required: true }) };
  static override readonly flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { args, flags } = await this.parse(ProfileRemove);
    const profile = showProfile(args.name);
    if (flags['dry-run']) {
      return this.unchanged(profile);
    }
    const left = await leftBehind(args.name);
    if (left !== undefined) {
      await this.caution(left);
    }
    await this.confirm(`Remove profile ${args.name} and its token?`, flags.yes);
    await removeProfile(args.name, this.sources);
    return profile;
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
