import { LatchkeyCommand } from '../../cli/base-command.ts';
import { serveCounter } from '../../cli/counter/serve-counter.ts';
import { listenFlag, pathFlag, phoneUrlFlag, readerFlag, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { counterEventSchema, presentCounterEvent, type CounterEventWire } from '../../cli/present/counter-events.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PosServe extends LatchkeyCommand<CounterEventWire> {
  static override readonly summary = 'Keep the counter open: cards and phones at the reader, and phones on the shop’s network.';
  static override readonly description = `What \`pos charge --tap\` opens is paid by whoever comes first; a tap without an open charge asks for the time that is left. It prints what happens, and runs until it is told to stop. Charges are written down before they are sent: after a restart, or once the server is back, it finds out first what became of them. A reader that is unplugged is looked for again. A register that comes up before its server says so, also to phones, and opens once the server is there.
Phones without a wallet open its address and type their receipt code. Beyond this machine it wants TLS, or --insecure-http; with TLS it also answers as a captive portal's API (RFC 8908) at /captive-portal.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --listen 192.168.8.2:8434 --tls-cert shop.pem --tls-key shop.key --reader ACR1252',
  ];
  static override readonly flags = {
    listen: listenFlag({ description: 'Where phones ask; port 0 takes a free one.', default: { host: '127.0.0.1', port: 8434 }, defaultHelp: async () => '127.0.0.1:8434' }),
    'tls-cert': pathFlag({ description: 'Certificate chain in PEM.', dependsOn: ['tls-key'] }),
    'tls-key': pathFlag({ description: 'Its private key in PEM.', dependsOn: ['tls-cert'] }),
    'insecure-http': switchFlag({ description: 'Listen beyond this machine without TLS: whoever listens in on the network reads the passwords.', exclusive: ['tls-cert'] }),
    'phone-url': phoneUrlFlag({ description: 'The address by which phones find it, for the QR codes of receipts, where that is not the one of --listen.' }),
    reader: readerFlag({ description: 'The card reader to use, by a part of its name; all if left out.', exclusive: ['no-reader'] }),
    'no-reader': switchFlag({ description: 'Use none: only phones on the network are served.' }),
    ...remoteFlags,
  };
  static override readonly result = counterEventSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(PosServe);
    const { opened } = await serveCounter(flags, { ...this.opening, quiet: this.quiet, json: this.jsonEnabled(), signal: this.signal, emit: (event) => this.stream(event) });
    const stopped = this.untilStopped();
    await Promise.race([stopped, opened]);
    await stopped;
    return undefined;
  }

  protected present(event: CounterEventWire, screen: Screen): string {
    return presentCounterEvent(event, screen);
  }
}
