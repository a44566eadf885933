import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, remoteFlags } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import { accessPointStatusSchema, accessPointStatusToWire, presentAccessPoints, type AccessPointStatusWire } from '../../cli/present/access-points.ts';
import { agentMetrics } from '../../cli/present/agent-metrics.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { LatchkeyError } from '../../domain/errors.ts';

interface Statuses {
  readonly items: AccessPointStatusWire[];
}

export default class ApStatus extends LatchkeyCommand<Statuses> {
  static override readonly summary = 'Show how the access point is doing.';
  static override readonly description =
    'Asks the AP agent that runs on this machine; with --server or --profile, or where none runs, the server, which knows all access points and less of each.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --profile owner', '<%= config.bin %> <%= command.id %> --format prometheus'];
  static override readonly flags = {
    format: choiceFlag(['prometheus'])({ description: 'The agent’s own numbers as metrics.' }),
    ...remoteFlags,
  };
  static override readonly result = accessPointStatusSchema;

  #asMetrics = false;

  async run(): Promise<Statuses> {
    const { flags } = await this.parse(ApStatus);
    const desk = await openDesk(flags, this.opening);
    const items = (await desk.accessPoints()).map(accessPointStatusToWire);
    if (flags.format !== undefined && items[0]?.agent === undefined) {
      throw new LatchkeyError('agent_unreachable', 'Only the agent itself has metrics, and none runs here.');
    }
    this.#asMetrics = flags.format !== undefined;
    return { items };
  }

  protected present(statuses: Statuses, screen: Screen): string {
    const agent = statuses.items[0]?.agent;
    return this.#asMetrics && agent !== undefined ? agentMetrics(agent) : presentAccessPoints(statuses, screen);
  }
}
