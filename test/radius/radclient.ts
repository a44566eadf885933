import { execFile } from 'node:child_process';
import { sharedSecret } from './nas.ts';

interface Sending {
  readonly secret?: string;
  /** How often, a second apart. */
  readonly times?: number;
}

/** What FreeRADIUS's client says of one request. A reply that is not authentic is none for it. */
export async function radclient(
  { port }: { readonly port: number },
  command: 'auth' | 'acct' | 'status',
  attributes: Record<string, string>,
  { secret = sharedSecret, times = 10 }: Sending = {},
) {
  const input = Object.entries(attributes).map(([name, value]) => (/[ :]/.test(value) ? `${name} = "${value}"` : `${name} = ${value}`)).join('\n');
  return new Promise<string>((resolve) => {
    const child = execFile('radclient', ['-x', '-r', String(times), '-t', '1', `127.0.0.1:${port}`, command, secret], (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin!.end(input);
  });
}
