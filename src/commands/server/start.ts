import { object, type Static } from '../../api/schema.ts';
import { durationText } from '../../domain/duration.ts';
import { proofLifetimeMs } from '../../domain/network.ts';
import { lossBearers } from '../../domain/credit-code.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, durationFlag, fileFlag, listenFlag, numberFlag, pathFlag, switchFlag, textFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { startServer } from '../../cli/start-server.ts';

const result = object('ServerStarted', {
  url: { type: 'string' },
  pid: { type: 'integer' },
  database: { type: 'string' },
});
type ServerStarted = Static<typeof result>;

export default class ServerStart extends LatchkeyCommand<ServerStarted> {
  static override readonly summary = 'Run the server: the registry of devices, access points and grants, and its API.';
  static override readonly description = `Prints its address once it listens, and runs until it is told to stop (SIGTERM, Ctrl-C), which loses no request that it has accepted. Any number of servers may share one PostgreSQL database.
Beyond this machine it wants TLS, or --insecure-http behind a proxy that does it. It logs JSON lines to stderr; LATCHKEY_LOG sets their level.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --listen 0.0.0.0:8420 --tls-cert server.pem --tls-key server.key',
    '<%= config.bin %> <%= command.id %> --database postgres://latchkey@db.example/latchkey --insecure-http --listen 10.0.0.5:8420',
  ];
  static override readonly flags = {
    database: textFlag({ description: 'sqlite:PATH or postgres://… (or LATCHKEY_DATABASE); a file in the data folder if left out.', helpValue: 'URL' }),
    listen: listenFlag({ description: 'Where to listen; port 0 takes a free one.', default: { host: '127.0.0.1', port: 8420 }, defaultHelp: async () => '127.0.0.1:8420' }),
    'tls-cert': pathFlag({ description: 'Certificate chain in PEM.', dependsOn: ['tls-key'] }),
    'tls-key': pathFlag({ description: 'Its private key in PEM.', dependsOn: ['tls-cert'] }),
    'insecure-http': switchFlag({ description: 'Listen beyond this machine without TLS, behind a proxy that does it.', exclusive: ['tls-cert'] }),
    'trust-proxy': textFlag({ description: 'Believe X-Forwarded-For from this address; may be repeated.', multiple: true, multipleNonGreedy: true, helpValue: 'ADDRESS' }),
    'rate-limit': numberFlag(0, 1_000_000)({
      description: 'Requests a second of one token, an address twice as many, before 429; ten seconds’ worth at once. 0 is without limit.',
      default: 1000,
    }),
    'verification-command': textFlag({
      description: 'Have this program send verification codes; the message is JSON on its standard input (or LATCHKEY_VERIFICATION_COMMAND).',
      helpValue: 'COMMAND',
      exclusive: ['verification-file'],
    }),
    'verification-file': pathFlag({ description: 'Append verification codes to this file instead (or LATCHKEY_VERIFICATION_FILE).' }),
    'allow-md5': switchFlag({ description: 'Let terminals choose the transaction password as first described, which is bound to no amount and no payee.' }),
    'code-losses': choiceFlag(lossBearers)({
      description: 'Who bears what is spent beyond a credit payment code’s limit: the operator pays the shop, up to the limit once more; the payee gets nothing.',
      default: 'payee',
    }),
    witnesses: numberFlag(0, 10)({
      description: 'How many witnesses have to hear each radio of a network before it is proven; 1 if left out, and 0 on an address of this machine alone.',
    }),
    'prove-again-after': durationFlag({
      description: 'After how long the sharer of a network has to prove it again, or it is suspended.',
      default: proofLifetimeMs,
      defaultHelp: async () => durationText(proofLifetimeMs),
    }),
    'stripe-key-file': fileFlag({ description: 'Let Stripe collect top-ups, with the secret key in this file, - for stdin (or LATCHKEY_STRIPE_KEY).' }),
    'stripe-webhook-secret-file': fileFlag({
      description: 'Take Stripe’s notices at /v1/webhooks/stripe, signed with the secret in this file, - for stdin (or LATCHKEY_STRIPE_WEBHOOK_SECRET).',
    }),
    reuse: switchFlag({ description: 'Let devices onboard again with a pass_tmp that is used: for test benches.' }),
  };
  static override readonly result = result;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ServerStart);
    if (flags.reuse) {
      await this.caution('A used pass_tmp is accepted again (--reuse): for test benches only.');
    }
    if (flags['allow-md5']) {
      await this.caution('Terminals may choose md5 (--allow-md5): whoever reads one of its passwords on the way can pay anybody any amount with it.');
    }
    const { url, database } = await startServer(flags, this.opening, this.quiet ? 'warn' : 'info');
    await this.stream({ url, pid: process.pid, database });
    await this.untilStopped();
    return undefined;
  }

  protected present({ url }: ServerStarted, _screen: Screen): string {
    return `Listening on ${url}`;
  }
}
