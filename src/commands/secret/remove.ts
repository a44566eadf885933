import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { yesFlag } from '../../cli/flags.ts';
import { presentSecret, secretSchema, type SecretWire } from '../../cli/present/secrets.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { removeSecret } from '../../cli/secrets.ts';

export default class SecretRemove extends LatchkeyCommand<SecretWire> {
  static override readonly summary = 'Remove a secret from the secret store.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> ap/password --yes'];
  static override readonly args = { name: textArg({ description: 'What it is called.', required: true }) };
  static override readonly flags = { yes: yesFlag };
  static override readonly result = secretSchema;

  async run(): Promise<SecretWire> {
    const { args, flags } = await this.parse(SecretRemove);
    await this.confirm(`Remove ${args.name} from the secret store?`, flags.yes);
    return removeSecret(args.name, this.sources);
  }

  protected present(secret: SecretWire, screen: Screen): string {
    return presentSecret(secret, screen);
  }
}
