import { boolean, count, object, type Static } from '../../api/schema.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { databaseFlag, switchFlag, yesFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { details } from '../../cli/present/table.ts';
import { rekeyServer } from '../../cli/rekey-server.ts';

const result = object('Rekeyed', { examined: count, resealed: count, unreadable: count, retired: boolean });
type Rekeyed = Static<typeof result>;

export default class ServerRekey extends LatchkeyCommand<Rekeyed> {
  static override readonly summary = 'Seal all secrets of the database under a new key, while servers run.';
  static override readonly description =
    'Makes a new key beside the others, gives running servers time to take it, and seals everything again. Interrupted, it is run again. The earlier keys stay, for old backups, until --retire forgets them. What cannot be opened is left as it is (exit 9).';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --retire --yes'];
  static override readonly flags = {
    database: databaseFlag,
    retire: switchFlag({ description: 'Forget all earlier keys afterwards: old backups can no longer be read.' }),
    yes: yesFlag,
  };
  static override readonly result = result;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ServerRekey);
    if (flags.retire) {
      await this.confirm('Forget the earlier keys, so that old backups can no longer be read?', flags.yes);
    }
    await rekeyServer(flags, { ...this.opening, note: (text) => this.note(text), emit: (rekeyed) => this.emit(rekeyed) });
    return undefined;
  }

  protected present(rekeyed: Rekeyed, screen: Screen): string {
    return details(
      [
        ['values', String(rekeyed.examined)],
        ['sealed again', String(rekeyed.resealed)],
        ['unreadable', rekeyed.unreadable === 0 ? undefined : String(rekeyed.unreadable)],
        ['earlier keys', rekeyed.retired ? 'forgotten' : 'kept'],
      ],
      screen,
    );
  }
}
