import { syncTrust } from '../../../cli/accepting/sync-trust.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { clockTrouble } from '../../../cli/clock-trouble.ts';
import { openCounter } from '../../../cli/counter/open-counter.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { keptTrustSchema, keptTrustToWire, presentKeptTrust, type KeptTrustWire } from '../../../cli/present/trust-lists.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class CodeTrustSync extends LatchkeyCommand<KeptTrustWire> {
  static override readonly summary = 'Fetch what this cash register trusts: the server’s keys, and what was revoked.';
  static override readonly description =
    'The first time it also makes the key by which this register signs receipts, keeps its private half in the secret store, and registers the public one. `pos serve` fetches it by itself. It warns if this machine’s clock and the server’s are more than 30 s apart.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = remoteFlags;
  static override readonly result = keptTrustSchema;

  async run(): Promise<KeptTrustWire | undefined> {
    const { flags } = await this.parse(CodeTrustSync);
    const synced = await syncTrust(await openCounter(flags, this.opening), flags, this.opening);
    const trouble = clockTrouble(synced.clockAheadMs, 'pos');
    if (trouble !== undefined) {
      await this.caution(trouble);
    }
    return keptTrustToWire(synced, new Date(), synced.clockAheadMs);
  }

  protected present(trust: KeptTrustWire, screen: Screen): string {
    return presentKeptTrust(trust, screen);
  }
}
