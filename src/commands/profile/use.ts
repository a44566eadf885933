import { LatchkeyCommand } from '../../cli/base-command.ts';
import { textArg } from '../../cli/args.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { useProfile } from '../../cli/profile-list.ts';

export default class ProfileUse extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Choose the profile that commands use when they name none.';
  static override readonly description = '`local` is the database on this machine.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> factory', '<%= config.bin %> <%= command.id %> local'];
  static override readonly args = { name: textArg({ description: 'The profile.', required: true }) };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { args } = await this.parse(ProfileUse);
    return useProfile(args.name);
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
