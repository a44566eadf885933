import { object, type Static } from '../../api/schema.ts';
import { textArg } from '../../cli/args.ts';
import { backUpServer } from '../../cli/back-up-server.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { databaseFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { details } from '../../cli/present/table.ts';

const result = object('Backup', { file: { type: 'string' }, bytes: { type: 'integer' } });
type Backup = Static<typeof result>;

export default class ServerBackup extends LatchkeyCommand<Backup> {
  static override readonly summary = 'Write a consistent copy of the database to a new file, while servers run.';
  static override readonly description =
    'For SQLite a database file; for PostgreSQL what pg_dump writes (custom format). The secrets in it are sealed: keep the key (the secret store’s storage-key, or LATCHKEY_KEY_FILE) elsewhere.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> latchkey-2026-11-25.db'];
  static override readonly args = { file: textArg({ description: 'The new file; one that is there is not overwritten.', required: true }) };
  static override readonly flags = { database: databaseFlag };
  static override readonly result = result;

  async run(): Promise<Backup> {
    const { args, flags } = await this.parse(ServerBackup);
    return backUpServer(args.file, flags.database, this.opening);
  }

  protected present({ file, bytes }: Backup, screen: Screen): string {
    return details([['written', file], ['bytes', String(bytes)]], screen);
  }
}
