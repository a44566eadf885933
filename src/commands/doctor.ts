import { LatchkeyCommand } from '../cli/base-command.ts';
import { examine } from '../cli/doctor/checks.ts';
import { clockCheck, databaseCheck, foldersCheck, profilesCheck, secretStoreCheck } from '../cli/doctor/machine.ts';
import { certificateCheck, serverCheck } from '../cli/doctor/server.ts';
import { remoteFlags } from '../cli/flags.ts';
import { findingsSchema, findingsToWire, presentFindings, type FindingsWire } from '../cli/present/findings.ts';
import type { Screen } from '../cli/present/screen.ts';

export default class Doctor extends LatchkeyCommand<FindingsWire> {
  static override readonly summary = 'Look whether Latchkey can work here; exit 12 and a fix for each finding if not.';
  static override readonly description = 'Folders, clock, secret store, profiles, database on this machine, server and its certificate. It changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --profile factory --json'];
  static override readonly flags = remoteFlags;
  static override readonly result = findingsSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Doctor);
    const findings = findingsToWire(
      await examine([
        foldersCheck(),
        clockCheck(async () => undefined),
        secretStoreCheck(this.sources),
        profilesCheck(this.sources),
        databaseCheck(this.sources),
        certificateCheck(flags),
        serverCheck(flags, this.opening),
      ]),
    );
    await this.emitCheck(findings, findings.ok, 'Something is wrong here.');
    return undefined;
  }

  protected present(findings: FindingsWire, screen: Screen): string {
    return presentFindings(findings, screen);
  }
}
