import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { fileFlag } from '../../cli/flags.ts';
import { presentSecret, secretSchema, type SecretWire } from '../../cli/present/secrets.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { setSecret } from '../../cli/secrets.ts';

export default class SecretSet extends LatchkeyCommand<SecretWire> {
  static override readonly summary = 'Put a secret into the secret store, where other commands look for it.';
  static override readonly description =
    'ap/password is the password of the network for `ap serve`, radius/NAME what an access point shares with `ap radius`, device/UUID/pass-tmp the pass_tmp of a device for `device join`. The value comes from --value-file, LATCHKEY_VALUE or a hidden prompt; what was there is replaced.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> ap/password --value-file wifi.txt',
    '<%= config.bin %> <%= command.id %> device/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d/pass-tmp',
  ];
  static override readonly args = { name: textArg({ description: 'What it is called.', required: true }) };
  static override readonly flags = { 'value-file': fileFlag({ description: 'Take the value in this file, - for stdin (or LATCHKEY_VALUE).' }) };
  static override readonly result = secretSchema;

  async run(): Promise<SecretWire> {
    const { args, flags } = await this.parse(SecretSet);
    return setSecret(args.name, flags['value-file'], this.sources);
  }

  protected present(secret: SecretWire, screen: Screen): string {
    return presentSecret(secret, screen);
  }
}
