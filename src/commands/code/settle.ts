import { settleAgainAndAgain, settleCodes, type SettlementTimes } from '../../cli/accepting/settle-codes.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import type { RoleFlags } from '../../cli/destination.ts';
import { durationFlag, remoteFlags, timeOfDayFlag, zoneFlag } from '../../cli/flags.ts';
import {
  codeSettlementSchema, codeSettlementToWire, countsForPeople, failedSettlementToWire, isAllSettled, presentCodeSettlement, waitingSettlementToWire, type CodeSettlementWire,
} from '../../cli/present/settlements.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class CodeSettle extends LatchkeyCommand<CodeSettlementWire> {
  static override readonly summary = 'Bring the codes that this cash register has accepted to the server, and hear what came of them.';
  static override readonly description = `Those that have to be settled first go first, some hundred at a time; what was answered is written down, so that a run that was interrupted goes on where it was, and no code is settled twice. Exit 9 if any came to something else than settled: \`code disputes list\` has them.
With --at or --every it stays, settles at these times, and prints what came of it; while the server is away it tries again each minute, or at the next time if that is sooner. \`pos serve\` settles by itself.`;
  static override readonly usage = ['<%= command.id %> [FLAGS]', '<%= command.id %> --at HH:MM [--zone ZONE] [FLAGS]', '<%= command.id %> --every DURATION [FLAGS]'];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Each night', command: '<%= config.bin %> <%= command.id %> --at 02:00' },
  ];
  static override readonly flags = {
    at: timeOfDayFlag({ description: 'Stay, and settle each day at this time.', exclusive: ['every'] }),
    every: durationFlag({ description: 'Stay, and settle every DURATION, such as 15m, beginning now.' }),
    zone: zoneFlag({ description: 'The time zone of --at, such as Europe/Berlin; this machine’s if left out.', dependsOn: ['at'] }),
    ...remoteFlags,
  };
  static override readonly result = codeSettlementSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(CodeSettle);
    const { at, every, zone = Intl.DateTimeFormat().resolvedOptions().timeZone } = flags;
    if (at !== undefined || every !== undefined) {
      await this.#stay(at === undefined ? { everyMs: every! } : { minute: at, zone }, flags);
      return undefined;
    }
    const settled = await this.#settle(flags);
    await this.emit(codeSettlementToWire(settled));
    if (!isAllSettled(settled.counts)) {
      throw new LatchkeyError('partly_done', `Not all is paid: ${countsForPeople(settled.counts)}.`, { hint: 'See `latchkey code disputes list`.' });
    }
    return undefined;
  }

  #settle(flags: RoleFlags): ReturnType<typeof settleCodes> {
    return settleCodes(flags, { ...this.opening, caution: (text) => this.caution(text) });
  }

  async #stay(times: SettlementTimes, flags: RoleFlags): Promise<void> {
    const stop = new AbortController();
    const stopped = this.untilStopped().then(() => stop.abort());
    const settling = settleAgainAndAgain(times, {
      settle: () => this.#settle(flags),
      onSettled: (settled, next) => this.stream(codeSettlementToWire(settled, next)),
      onFailure: (error, next) => this.stream(failedSettlementToWire(error, next)),
      onWaiting: (next) => this.stream(waitingSettlementToWire(next)),
      signal: stop.signal,
    });
    // A settlement that is under way comes to its end.
    await Promise.race([stopped, settling]);
    stop.abort();
    await settling;
  }

  protected present(settlement: CodeSettlementWire, screen: Screen): string {
    return presentCodeSettlement(settlement, screen);
  }
}
