import { present } from '../../api/wire.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { enforcementCautions } from '../../cli/enforcement-caution.ts';
import { choiceFlag, idFlag, pageFlags, remoteFlags, switchFlag, textFlag } from '../../cli/flags.ts';
import { openGrants, openRevealer } from '../../cli/open-role.ts';
import { presentGrants, presentPermissions, shownGrantPageSchema, shownGrantToWire, type ShownGrantWire } from '../../cli/present/grants.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { grantSources, grantStates } from '../../domain/grant.ts';

export default class GrantList extends LatchkeyCommand<PageWire<ShownGrantWire>> {
  static override readonly summary = 'List grants: who may use which network, until when.';
  static override readonly description =
    '--source payment is the permission list: who has paid, since when, for how long, how much of that is used and left. It warns where nothing enforces it.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --state active',
    { description: 'The permission list', command: '<%= config.bin %> <%= command.id %> --source payment --state active' },
    { description: 'With passwords, on the machine of the access point', command: '<%= config.bin %> <%= command.id %> --reveal' },
  ];
  #isPermissionList = false;
  static override readonly flags = {
    state: choiceFlag(grantStates)({ description: 'Only in this state.' }),
    source: choiceFlag(grantSources)({ description: 'Only those earned like this.' }),
    subject: textFlag({ description: 'Only those of this device or terminal.', helpValue: 'ID' }),
    ap: idFlag({ description: 'Only those at this access point.' }),
    reveal: switchFlag({ description: 'Show the passwords of active grants; asks the AP agent on this machine.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = shownGrantPageSchema;

  async run(): Promise<PageWire<ShownGrantWire>> {
    const { flags } = await this.parse(GrantList);
    const reader = await openGrants(flags, this.opening);
    const { state, source, subject, ap, after, limit } = flags;
    const page = await reader.grants({ state, source, subjectId: subject, apIds: ap === undefined ? undefined : [ap] }, { after, limit });
    if (source === 'payment') {
      this.#isPermissionList = true;
      for (const caution of await enforcementCautions(reader, page.items.map(({ network }) => network.apId))) await this.caution(caution);
    }
    const reveal = flags.reveal ? await openRevealer() : undefined;
    return present({ items: await Promise.all(page.items.map((grant) => shownGrantToWire(grant, reveal))), next: page.next });
  }

  protected present(page: PageWire<ShownGrantWire>, screen: Screen): string {
    return this.#isPermissionList ? presentPermissions(page, screen) : presentGrants(page, screen);
  }
}
