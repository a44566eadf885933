import { enrollmentSchema, enrollmentToWire } from '../../api/enrollments.ts';
import type { TokenWire } from '../../api/tokens.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { databaseFlag, pathFlag, profileNameFlag, serverUrlFlag } from '../../cli/flags.ts';
import { initialiseServer } from '../../cli/initialise-server.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentEnrollment } from '../../cli/present/tokens.ts';

const { required, properties } = enrollmentSchema;
const result = {
  title: 'ServerInitialised',
  type: 'object',
  required: required.filter((name) => name !== 'token'),
  properties: { ...properties, profile: { type: 'string' } },
} as const;

type ServerInitialised = TokenWire & { readonly token?: string; readonly profile?: string };

export default class ServerInit extends LatchkeyCommand<ServerInitialised> {
  static override readonly summary = 'Make the first admin token, on the machine of the database.';
  static override readonly description =
    'Prints it once, or with --store keeps it in the secret store as a profile. Where there is an admin already it is a conflict; whoever has the database can make another with `server enroll-code create --role admin`.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Into the keychain, as the profile "admin"', command: '<%= config.bin %> <%= command.id %> --store admin --url https://latchkey.example:8420' },
  ];
  static override readonly flags = {
    database: databaseFlag,
    store: profileNameFlag({ description: 'Print no token; keep it in the secret store as this profile.' }),
    url: serverUrlFlag({ description: 'The server’s address, for the profile.', default: 'http://127.0.0.1:8420' }),
    ca: pathFlag({ description: 'Certificate authorities in PEM, for the profile.', dependsOn: ['store'] }),
  };
  static override readonly result = result;

  async run(): Promise<ServerInitialised> {
    const { flags } = await this.parse(ServerInit);
    const { secret, token } = await initialiseServer(flags, this.opening);
    const { token: text, ...wire } = enrollmentToWire({ secret, token });
    if (flags.store === undefined) {
      await this.note('Keep this token: it is shown this once.');
    }
    return flags.store === undefined ? { token: text, ...wire } : { ...wire, profile: flags.store };
  }

  protected present(initialised: ServerInitialised, screen: Screen): string {
    return presentEnrollment(initialised, screen);
  }
}
