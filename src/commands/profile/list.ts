import { LatchkeyCommand } from '../../cli/base-command.ts';
import { presentProfiles, profileListSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { listProfiles } from '../../cli/profile-list.ts';

interface ProfileList {
  readonly items: ProfileWire[];
}

export default class ProfileListCommand extends LatchkeyCommand<ProfileList> {
  static override readonly summary = 'List profiles; the active one is marked.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly result = profileListSchema;

  async run(): Promise<ProfileList> {
    await this.parse(ProfileListCommand);
    return { items: listProfiles() };
  }

  protected present(list: ProfileList, screen: Screen): string {
    return presentProfiles(list, screen);
  }
}
