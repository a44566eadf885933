import { LatchkeyCommand } from '../../cli/base-command.ts';
import { openCounter } from '../../cli/counter/open-counter.ts';
import { showRegister } from '../../cli/counter/show-register.ts';
import { remoteFlags, switchFlag } from '../../cli/flags.ts';
import { presentRegister, shownRegisterSchema, type ShownRegisterWire } from '../../cli/present/registers.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PosShow extends LatchkeyCommand<ShownRegisterWire> {
  static override readonly summary = 'Show this cash register: for whom it charges, at which network, by which tariff.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = {
    reveal: switchFlag({ description: 'Show the password of the network that no agent serves.' }),
    ...remoteFlags,
  };
  static override readonly result = shownRegisterSchema;

  async run(): Promise<ShownRegisterWire> {
    const { flags } = await this.parse(PosShow);
    return showRegister(await openCounter(flags, this.opening), flags);
  }

  protected present(register: ShownRegisterWire, screen: Screen): string {
    return presentRegister(register, screen);
  }
}
