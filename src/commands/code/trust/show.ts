import { openAcceptances } from '../../../cli/accepting/open-acceptances.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { profileNameFlag } from '../../../cli/flags.ts';
import { keptTrustSchema, keptTrustToWire, presentKeptTrust, type KeptTrustWire } from '../../../cli/present/trust-lists.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { LatchkeyError } from '../../../domain/errors.ts';

export default class CodeTrustShow extends LatchkeyCommand<KeptTrustWire> {
  static override readonly summary = 'Show what this cash register trusts, and how old that is; nobody is asked.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = {
    profile: profileNameFlag({ description: 'Which cash register this machine is, if it is several: that of this profile (LATCHKEY_PROFILE).' }),
  };
  static override readonly result = keptTrustSchema;

  async run(): Promise<KeptTrustWire> {
    const { flags } = await this.parse(CodeTrustShow);
    const trust = keptTrustToWire(await openAcceptances(flags, this.opening), new Date());
    if (trust === undefined) {
      throw new LatchkeyError('trust_list_missing');
    }
    return trust;
  }

  protected present(trust: KeptTrustWire, screen: Screen): string {
    return presentKeptTrust(trust, screen);
  }
}
