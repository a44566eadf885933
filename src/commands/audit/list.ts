import { auditEntryToWire, auditPageSchema, type AuditEntryWire } from '../../api/audit.ts';
import { pageToWire } from '../../api/page.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, pageFlags, remoteFlags, uuidFlag } from '../../cli/flags.ts';
import { openAdmin } from '../../cli/open-role.ts';
import { presentAudit } from '../../cli/present/audit.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { auditActions } from '../../domain/audit.ts';

export default class AuditList extends LatchkeyCommand<PageWire<AuditEntryWire>> {
  static override readonly summary = 'List the audit log, oldest first.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --action device.registered --limit 20',
    '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --json',
  ];
  static override readonly flags = {
    action: choiceFlag(auditActions)({ description: 'Only entries of this kind.', helpValue: 'ACTION' }),
    uuid: uuidFlag({ description: 'Only entries about this device.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = auditPageSchema;

  async run(): Promise<PageWire<AuditEntryWire>> {
    const { flags } = await this.parse(AuditList);
    const admin = await openAdmin(flags, this.opening);
    const { action, uuid, after, limit } = flags;
    return pageToWire(await admin.auditEntries({ action, uuid }, { after, limit }), auditEntryToWire);
  }

  protected present(page: PageWire<AuditEntryWire>, screen: Screen): string {
    return presentAudit(page, screen);
  }
}
