import { LatchkeyCommand } from '../../cli/base-command.ts';
import { textArg } from '../../cli/args.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { showProfile } from '../../cli/profile-list.ts';

export default class ProfileShow extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Show a profile; the active one if none is named.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> factory'];
  static override readonly args = { name: textArg({ description: 'The profile.' }) };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { args } = await this.parse(ProfileShow);
    return showProfile(args.name);
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
