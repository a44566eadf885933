import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

export interface Outcome {
  /** What openssl and the other side said, all of it. */
  readonly text: string;
  readonly exitCode: number | null;
}

/** openssl's own TLS client, sending a text over the connection and reading until the other side closes. */
export function sClient(port: number, args: readonly string[], input: string): Promise<Outcome> {
  return run(port, ['-ign_eof', ...args], (stdin) => stdin.end(input));
}

/** The same, taking single letters as commands to openssl itself, until the connection ends. */
export function sClientCommands(port: number, args: readonly string[], commands: string): Promise<Outcome> {
  return run(port, args, (stdin) => stdin.write(commands));
}

function run(port: number, args: readonly string[], speak: (stdin: Writable) => void): Promise<Outcome> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], { stdio: 'pipe' });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // It ends before it has read everything where the handshake fails.
  child.stdin.on('error', () => {});
  speak(child.stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ text, exitCode }));
  });
}

export function psk(helloId: string, key: Uint8Array): string[] {
  return ['-psk_identity', helloId, '-psk', Buffer.from(key).toString('hex')];
}

/** One request in HTTP/1.1, after whose answer the other side closes. */
export function http(method: string, path: string, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const content = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: latchkey\r\nConnection: close\r\n${content}\r\n${text}`;
}

/** The JSON that the answer in openssl's output has as its body. */
export function answerIn({ text }: Outcome): { readonly status: number; readonly body: Record<string, unknown> } {
  const match = /HTTP\/1\.1 (\d{3}) [^\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(\{.*?\})(?=closed|read|[^"}\],]|$)/s.exec(text);
  if (match === null) {
    throw new Error(`there is no answer in:\n${text}`);
  }
  return { status: Number(match[1]), body: JSON.parse(match[2] ?? '{}') as Record<string, unknown> };
}
