import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { LatchkeyError } from '../domain/errors.ts';
import type { SecretStore } from '../roles/secret-store.ts';

const longest = 4096;
/** One more than the longest secret with its CRLF, so that a longer one is seen to be. */
const enough = longest + 3;

/** Where secrets come from; by default the process's own environment and standard input, and nobody to ask. */
export interface SecretSources {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly stdin?: (Readable & { readonly isTTY?: boolean | undefined }) | undefined;
  /** Whether somebody is there to answer a prompt. */
  readonly interactive?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SecretRequest extends SecretSources {
  /** `pass-tmp` is --pass-tmp-file and LATCHKEY_PASS_TMP. */
  readonly name: string;
  /** The flag's value: a path, `-` for standard input (a hidden prompt if that is a terminal), or not given. */
  readonly file?: string | undefined;
  /** Where it is in the secret store, if it may be there. */
  readonly storeName?: string | undefined;
  readonly store?: (() => Promise<SecretStore>) | undefined;
  /** The prompt's words; without them nobody is asked. */
  readonly message?: string | undefined;
}

/**
 * How every secret comes in, and never from the arguments: --NAME-file, LATCHKEY_NAME, the secret store, a hidden
 * prompt, the first that there is. Text in UTF-8 of at most 4 KiB without NUL; one newline at its end does not count.
 * Errors: `missing_input`, `file_not_found`, `invalid_input`, and what the secret store says.
 */
export async function readSecret(request: SecretRequest): Promise<string> {
  const { name, file, storeName, store, message, ...sources } = request;
  const given = await readGivenSecret(name, file, { ...sources, message });
  if (given !== undefined) {
    return given;
  }
  if (store !== undefined && storeName !== undefined) {
    const stored = await fromStore(name, storeName, store);
    if (stored !== undefined) {
      return stored;
    }
  }
  if (sources.interactive === true && message !== undefined) {
    return prompt(name, message, sources.signal);
  }
  const others = storeName === undefined ? ` or set ${variableOf(name)}` : `, set ${variableOf(name)}, or store it as ${storeName}`;
  throw new LatchkeyError('missing_input', `The ${name} is missing: give ${flagOf(name)} PATH|-${others}.`);
}

/** As `readSecret`, for what may be left out: from the flag or the variable only, undefined if neither is there. */
export async function readGivenSecret(
  name: string,
  file: string | undefined,
  { env = process.env, stdin = process.stdin, interactive, signal, message }: SecretSources & Pick<SecretRequest, 'message'> = {},
): Promise<string | undefined> {
  if (file === undefined) {
    const value = env[variableOf(name)];
    return value ? check(Buffer.from(value), variableOf(name)) : undefined;
  }
  if (file !== '-') {
    return check(await readFile(file, name), `${flagOf(name)} ${file}`);
  }
  if (stdin.isTTY !== true) {
    return check(await readStdin(stdin, name, signal), `${flagOf(name)} -`);
  }
  if (interactive !== true) {
    throw new LatchkeyError('missing_input', `${flagOf(name)} -: nothing is piped in, and nobody may be asked.`);
  }
  return prompt(name, message ?? `${name}:`, signal);
}

async function fromStore(
  name: string,
  storeName: string,
  store: () => Promise<SecretStore>,
): Promise<string | undefined> {
  try {
    return await (await store()).get(storeName);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    const hint = `${error.hint} Or give this secret with ${flagOf(name)} PATH|- or ${variableOf(name)}.`;
    throw new LatchkeyError(error.code, error.message, { hint, cause: error });
  }
}

async function prompt(name: string, message: string, signal = new AbortController().signal): Promise<string> {
  const { askSecret } = await import('./question.ts');
  return check(Buffer.from(await askSecret(message, signal)), `The ${name}`);
}

async function readFile(path: string, name: string): Promise<Buffer> {
  try {
    return await readSome(createReadStream(path, { end: enough - 1 }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new LatchkeyError('file_not_found', `${flagOf(name)}: there is no file ${path}.`, { cause: error });
    }
    if (typeof code === 'string') {
      throw new LatchkeyError('invalid_input', `${flagOf(name)}: ${path} cannot be read (${code}).`, { cause: error });
    }
    throw error;
  }
}

async function readStdin(stdin: Readable, name: string, signal: AbortSignal | undefined): Promise<Buffer> {
  if (stdin.readableEnded || stdin.destroyed) {
    throw new LatchkeyError('invalid_input', `${flagOf(name)} -: standard input was already read; one secret can come from it.`);
  }
  if (signal === undefined) {
    return readSome(stdin);
  }
  try {
    return await readSome(addAbortSignal(signal, stdin));
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

async function readSome(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length >= enough) {
      break;
    }
  }
  return Buffer.concat(chunks);
}

function check(bytes: Buffer, source: string): string {
  const text = textOf(bytes)?.replace(/\r?\n$/, '');
  if (text === undefined || text.includes('\0')) {
    throw new LatchkeyError('invalid_input', `${source}: this is not text in UTF-8 without NUL.`);
  }
  if (text === '') {
    throw new LatchkeyError('invalid_input', `${source}: this is empty.`);
  }
  if (Buffer.byteLength(text) > longest) {
    throw new LatchkeyError('invalid_input', `${source}: this is longer than ${longest} bytes.`);
  }
  return text;
}

function textOf(bytes: Buffer): string | undefined {
  try {
    // A byte order mark is kept: other bytes than the last newline are the secret's own.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function flagOf(name: string): string {
  return `--${name.replaceAll('_', '-')}-file`;
}

function variableOf(name: string): string {
  return `LATCHKEY_${name.replaceAll('-', '_').toUpperCase()}`;
}
