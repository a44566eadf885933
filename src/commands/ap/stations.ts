import { stationListSchema, stationToWire, type StationWire } from '../../api/agent-control.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { openAgentControl } from '../../cli/open-role.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentStations } from '../../cli/present/stations.ts';

interface Stations {
  readonly items: StationWire[];
}

export default class ApStations extends LatchkeyCommand<Stations> {
  static override readonly summary = 'List who is on the network now: by which grant, how well it is heard, what it has used.';
  static override readonly description =
    'Asks the AP agent that runs on this machine, which asks its radio. Bytes and time are those of the present connection; `grant show` has the sum.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];
  static override readonly result = stationListSchema;

  async run(): Promise<Stations> {
    await this.parse(ApStations);
    const agent = await openAgentControl();
    return { items: (await agent.stations()).map(stationToWire) };
  }

  protected present({ items }: Stations, screen: Screen): string {
    return presentStations(items, screen);
  }
}
