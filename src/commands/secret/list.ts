import { LatchkeyCommand } from '../../cli/base-command.ts';
import { presentSecrets, secretListSchema, type SecretListWire } from '../../cli/present/secrets.ts';
import { listSecrets } from '../../cli/secrets.ts';

export default class SecretList extends LatchkeyCommand<SecretListWire> {
  static override readonly summary = 'List the names of what is in the secret store; never the secrets.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly result = secretListSchema;

  async run(): Promise<SecretListWire> {
    await this.parse(SecretList);
    return listSecrets(this.sources);
  }

  protected present(list: SecretListWire): string {
    return presentSecrets(list);
  }
}
