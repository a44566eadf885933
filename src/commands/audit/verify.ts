import { auditVerificationSchema, auditVerificationToWire, type AuditVerificationWire } from '../../api/audit.ts';
import { readAuditHead } from '../../cli/audit-head-file.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { pathFlag, remoteFlags } from '../../cli/flags.ts';
import { openAdmin } from '../../cli/open-role.ts';
import { presentVerification } from '../../cli/present/audit.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AuditVerify extends LatchkeyCommand<AuditVerificationWire> {
  static override readonly summary = 'Recompute the chain of the audit log; exit 12 if it is broken.';
  static override readonly description =
    'With --head also that it still contains a head that was exported earlier (`audit head`): the chain alone does not show that its end was cut off, or that all of it was written anew.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --head head-2026-11-25.json',
  ];
  static override readonly flags = {
    head: pathFlag({ description: 'What `audit head --json` printed earlier.' }),
    ...remoteFlags,
  };
  static override readonly result = auditVerificationSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(AuditVerify);
    const exported = flags.head === undefined ? undefined : await readAuditHead(flags.head);
    const admin = await openAdmin(flags, this.opening);
    const verification = auditVerificationToWire(await admin.verifyAudit(exported));
    await this.emitCheck(verification, verification.ok, 'The audit log was changed after it was written.');
    return undefined;
  }

  protected present(verification: AuditVerificationWire, screen: Screen): string {
    return presentVerification(verification, screen);
  }
}
