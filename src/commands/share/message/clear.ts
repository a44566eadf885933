import { networkSchema, networkToWire, type NetworkWire } from '../../../api/networks.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openNetworks } from '../../../cli/open-role.ts';
import { presentNetwork } from '../../../cli/present/networks.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class ShareMessageClear extends LatchkeyCommand<NetworkWire> {
  static override readonly summary = 'Tell nothing any more to those who join a network of yours.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> net_1234'];
  static override readonly args = { network: idArg({ description: 'The network, as `share verify status` names it.', required: true }) };
  static override readonly flags = { ...remoteFlags };
  static override readonly result = networkSchema;

  async run(): Promise<NetworkWire> {
    const { args, flags } = await this.parse(ShareMessageClear);
    const networks = await openNetworks(flags, this.opening);
    return networkToWire(await networks.clearMessage(args.network));
  }

  protected present(network: NetworkWire, screen: Screen): string {
    return presentNetwork(network, screen);
  }
}
