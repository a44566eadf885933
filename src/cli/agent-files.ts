import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { ensureFolder, paths } from './paths.ts';

/** What the kernel takes as the path of a Unix socket (unix(7): 108 bytes with the NUL at its end; macOS: 104). */
const longestSocketPath = 103;

/**
 * Where the agent on this machine is asked; in a folder of the user's among the temporary ones if the state folder's
 * path is too long. Errors: `forbidden` if that folder is somebody else's.
 */
export function agentSocket(): string {
  const path = join(paths().state, 'agent.sock');
  if (Buffer.byteLength(path) <= longestSocketPath) {
    return path;
  }
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `latchkey-${name}`);
  const owner = statSync(ensureFolder(folder)).uid;
  if (process.getuid !== undefined && owner !== process.getuid()) {
    throw new LatchkeyError('forbidden', `${folder} belongs to another user.`, { hint: 'Set LATCHKEY_STATE_HOME to a folder with a shorter path.' });
  }
  return join(folder, 'agent.sock');
}

/** What an access point's agent keeps over its restarts. */
export function agentDatabase(apId: string): string {
  return join(ensureFolder(paths().state), `agent-${apId}.db`);
}
