import { auditVerificationSchema, auditVerificationToWire, type AuditVerificationWire } from '../../api/audit.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openAdmin } from '../../cli/open-role.ts';
import { presentVerification } from '../../cli/present/audit.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AuditVerify extends LatchkeyCommand<AuditVerificationWire> {
  static override readonly summary = 'Recompute the chain of the audit log; exit 12 if it is broken.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = remoteFlags;
  static override readonly result = auditVerificationSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(AuditVerify);
    const admin = await openAdmin(flags, this.opening);
    const verification = auditVerificationToWire(await admin.verifyAudit());
    await this.emitCheck(verification, verification.ok, 'The audit log was changed after it was written.');
    return undefined;
  }

  protected present(verification: AuditVerificationWire, screen: Screen): string {
    return presentVerification(verification, screen);
  }
}
