import { signedAuditHeadSchema, signedAuditHeadToWire, type SignedAuditHeadWire } from '../../api/audit.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openAdmin } from '../../cli/open-role.ts';
import { presentHead } from '../../cli/present/audit.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AuditHead extends LatchkeyCommand<SignedAuditHeadWire> {
  static override readonly summary = 'Print the signed head of the audit log, to keep elsewhere.';
  static override readonly description =
    'With an earlier head, `audit verify --head` tells whether anything before it was changed since. Signed with the registry’s Ed25519 key.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --json > head-2026-11-25.json'];
  static override readonly flags = remoteFlags;
  static override readonly result = signedAuditHeadSchema;

  async run(): Promise<SignedAuditHeadWire> {
    const { flags } = await this.parse(AuditHead);
    const admin = await openAdmin(flags, this.opening);
    return signedAuditHeadToWire(await admin.auditHead());
  }

  protected present(head: SignedAuditHeadWire, screen: Screen): string {
    return presentHead(head, screen);
  }
}
