import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { grantCredential } from '../../cli/counter/grant-credential.ts';
import { credentialFlags, handOver, isOnScreen, wantsFiles } from '../../cli/credential-output.ts';
import { remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openGrants } from '../../cli/open-role.ts';
import { grantWithCredential, grantWithCredentialSchema, presentGrantWithCredential, shownGrantToWire, type GrantWithCredentialWire } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantShow extends LatchkeyCommand<GrantWithCredentialWire> {
  static override readonly summary = 'Show one grant, and what is left of it; hand its password over again.';
  static override readonly description =
    'The password is had from the AP agent on this machine, or, for what was paid for, from the cash register on this machine.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw',
    { description: 'With its password, on the machine of the access point', command: '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --reveal' },
    { description: 'To be scanned by a phone', command: '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --qr' },
  ];
  #shown = { qr: false, format: 'text' };
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    reveal: switchFlag({ description: 'Show the password.' }),
    ...credentialFlags,
    ...remoteFlags,
  };
  static override readonly result = grantWithCredentialSchema;

  async run(): Promise<GrantWithCredentialWire> {
    const { args, flags } = await this.parse(GrantShow);
    this.#shown = flags;
    const reader = await openGrants(flags, this.opening);
    const grant = await reader.grant(args.grant);
    const shown = await shownGrantToWire(grant, flags.reveal ? () => grantCredential(grant, flags, this.opening, this.signal) : undefined);
    if (!flags.qr && flags.format === 'text' && !wantsFiles(flags)) {
      return shown;
    }
    const credential = await grantCredential(grant, flags, this.opening, this.signal);
    return grantWithCredential(shown, await handOver(credential, flags, { format: flags.format, onScreen: isOnScreen(flags) }));
  }

  protected present(grant: GrantWithCredentialWire, screen: Screen): string {
    return presentGrantWithCredential(grant, this.#shown, screen);
  }
}
