import { LatchkeyCommand } from '../../cli/base-command.ts';
import { openCounter } from '../../cli/counter/open-counter.ts';
import { registerStatus, statusHere } from '../../cli/counter/register-status.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { awayStatusToWire, presentRegisterStatus, registerStatusSchema, registerStatusToWire, type RegisterStatusWire } from '../../cli/present/registers.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { isServerAway } from '../../domain/server-away.ts';

export default class PosStatus extends LatchkeyCommand<RegisterStatusWire> {
  static override readonly summary = 'Say whether what was paid for is served: who enforces it, and who waits for the radio.';
  static override readonly description =
    'Where an agent enforces the permission list, time runs from when the radio has it. Who has paid, and of whom the radio could not be told yet, is listed with since when. While the server is away it says what is written down here of charges whose outcome is not known, and fails. Of credit payment codes it says how many wait to be settled, until when the first of them, and how old the trust list is.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = remoteFlags;
  static override readonly result = registerStatusSchema;

  async run(): Promise<RegisterStatusWire | undefined> {
    const { flags } = await this.parse(PosStatus);
    try {
      return registerStatusToWire(await registerStatus(await openCounter(flags, this.opening), flags, this.opening));
    } catch (error) {
      if (isServerAway(error)) {
        await this.emit(awayStatusToWire(await statusHere(flags, this.opening)));
      }
      throw error;
    }
  }

  protected present(status: RegisterStatusWire, screen: Screen): string {
    return presentRegisterStatus(status, screen);
  }
}
