import { enrollCodeSchema, enrollCodeToWire, type EnrollCodeWire } from '../../../api/enrollments.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { choiceFlag, durationFlag, idempotencyFlag, matchFlag, remoteFlags } from '../../../cli/flags.ts';
import { openAdmin } from '../../../cli/open-role.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentEnrollCode } from '../../../cli/present/tokens.ts';
import { parseScope, roles } from '../../../domain/token.ts';

export default class ServerEnrollCodeCreate extends LatchkeyCommand<EnrollCodeWire> {
  static override readonly summary = 'Make a single-use code with which somebody gets a token of one role.';
  static override readonly description =
    'Give the code to whoever is to have the role; `profile add --enroll-code-file` or `ap enroll` uses it up. --match narrows what the token may touch: devices by model, batch or uuid, for owners and technicians also access points.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --role factory --expires 1h',
    '<%= config.bin %> <%= command.id %> --role ap --match model=lamp-2 --match batch=2026-11',
    '<%= config.bin %> <%= command.id %> --role owner --match ap=ap_6c1PSkBgTg2pZ0eEoHqQbA',
  ];
  static override readonly flags = {
    role: choiceFlag(roles)({ description: 'What the token will be for.', required: true }),
    match: matchFlag({ description: 'What it may touch: all, model=…, batch=…, uuid=…, ap=…; may be repeated.' }),
    expires: durationFlag({ description: 'How long the code is good, at most 30d.', default: 3_600_000, defaultHelp: async () => '1h' }),
    'idempotency-key': idempotencyFlag(),
    ...remoteFlags,
  };
  static override readonly result = enrollCodeSchema;

  async run(): Promise<EnrollCodeWire> {
    const { flags } = await this.parse(ServerEnrollCodeCreate);
    const admin = await openAdmin(flags, this.opening);
    const input = { role: flags.role, scope: parseScope(flags.match ?? []), lifetimeMs: flags.expires };
    return enrollCodeToWire(await admin.createEnrollCode(input, flags['idempotency-key']));
  }

  protected present(code: EnrollCodeWire, screen: Screen): string {
    return presentEnrollCode(code, screen);
  }
}
