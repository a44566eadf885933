import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { ensureFolder, paths } from './paths.ts';

/** What the kernel takes as the path of a Unix socket (unix(7): 108 bytes with the NUL at its end; macOS: 104). */
const longestSocketPath = 103;

/**
 * Where the agent on this machine is asked; in a folder of the user's among the temporary ones if the state folder's
 * path is too long. Errors: `forbidden` if that folder is no folder of this user's alone.
 */
export function agentSocket(): string {
  return socketAt('agent.sock');
}

/** As `agentSocket`, of a cash register's agent. */
export function counterSocket(registerId: string): string {
  return socketAt(`pos-${registerId}.sock`);
}

function socketAt(file: string): string {
  const path = join(paths().state, file);
  if (Buffer.byteLength(path) <= longestSocketPath) {
    return path;
  }
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `latchkey-${name}`);
  ensureFolder(folder);
  // Its name can be guessed, and anybody may put something there: a link too, and turn it elsewhere later.
  const found = lstatSync(folder);
  if (process.getuid !== undefined && (!found.isDirectory() || found.uid !== process.getuid() || (found.mode & 0o077) !== 0)) {
    throw new LatchkeyError('forbidden', `${folder} is not a folder of this user’s alone.`, {
      hint: 'Set LATCHKEY_STATE_HOME to a folder with a shorter path.',
    });
  }
  return join(folder, file);
}

/** What an access point's agent keeps over its restarts. */
export function agentDatabase(apId: string): string {
  return join(ensureFolder(paths().state), `agent-${apId}.db`);
}

/** What a cash register keeps of credit payment codes: those it accepted, and whom it trusts. */
export function acceptanceDatabase(registerId: string): string {
  return join(ensureFolder(paths().state), `codes-${registerId}.db`);
}

/** Those of all registers that this machine is and was. */
export function acceptanceDatabases(): string[] {
  const folder = ensureFolder(paths().state);
  return readdirSync(folder).filter((name) => /^codes-.*\.db$/.test(name)).map((name) => join(folder, name));
}
