import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { readNetwork, setNetwork } from '../../../cli/counter/enroll-register.ts';
import { openCounter } from '../../../cli/counter/open-counter.ts';
import { showRegister } from '../../../cli/counter/show-register.ts';
import { dryRunFlag, networkFlags, remoteFlags, ssidFlag } from '../../../cli/flags.ts';
import { presentRegister, shownRegisterSchema, type ShownRegisterWire } from '../../../cli/present/registers.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class PosNetworkSet extends LatchkeyCommand<ShownRegisterWire> {
  static override readonly summary = 'Set the shop’s network and its password, where no agent serves it.';
  static override readonly description =
    'The password comes from --password-file, LATCHKEY_PASSWORD or a hidden prompt, and goes into the secret store of this machine. Where an agent serves the network it says which one that is, and gives each payer a password of their own.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --ssid cafe-guests --password-file wifi.txt'];
  static override readonly flags = {
    ...networkFlags,
    ssid: ssidFlag({ description: 'The network’s name.', required: true }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = shownRegisterSchema;

  async run(): Promise<ShownRegisterWire> {
    const { flags } = await this.parse(PosNetworkSet);
    const counter = await openCounter(flags, this.opening);
    const network = await readNetwork(flags, this.opening);
    if (flags['dry-run']) {
      return this.unchanged(showRegister(counter, { reveal: false }));
    }
    return showRegister(await setNetwork(counter, network), { reveal: false });
  }

  protected present(register: ShownRegisterWire, screen: Screen): string {
    return presentRegister(register, screen);
  }
}
