import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LatchkeyError } from '../../domain/errors.ts';
import { programEnvironment } from '../../programs/run-program.ts';
import type { GuardOrder } from './name-guard-program.ts';

/** It starts a whole Node, which takes small access points their time. */
const readyMs = 30_000;

/** The process that sets the name back in any case; it outlives this one. */
export interface NameGuard {
  /** It has ended, or does not guard any more. */
  readonly isOver: boolean;
  /** Has it set the name back. Resolves to whether it says that it has; else somebody else must. */
  restore(signal: AbortSignal): Promise<boolean>;
}

/** Resolves when it guards. Errors: `renaming_failed`, the signal’s reason. */
export async function startNameGuard(order: GuardOrder, signal: AbortSignal): Promise<NameGuard> {
  signal.throwIfAborted();
  const program = fileURLToPath(new URL(`./name-guard-program${extname(import.meta.filename)}`, import.meta.url));
  // In a session of its own, in no folder that somebody may want to remove.
  const child = spawn(process.execPath, [program], { cwd: '/', env: programEnvironment(), detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  child.unref();
  child.stdin.on('error', () => {});
  const said = createInterface(child.stdout);
  const ready = Promise.withResolvers<void>();
  const over = Promise.withResolvers<boolean>();
  let isOver = false;
  const end = (isRestored: boolean) => {
    isOver = true;
    over.resolve(isRestored);
    ready.reject(new LatchkeyError('renaming_failed', 'The process that would set the name back in any case did not come up.', { hint: 'See renaming.log in the state folder, and whether that can be written.' }));
  };
  ready.promise.catch(() => {});
  said.on('line', (line) => (line === 'ready' ? ready.resolve() : end(line === 'restored')));
  child.once('error', () => end(false));
  said.once('close', () => end(false));
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const late = AbortSignal.any([signal, AbortSignal.timeout(readyMs)]);
  const giveUp = () => end(false);
  late.addEventListener('abort', giveUp, { once: true });
  try {
    await ready.promise;
  } catch (error) {
    child.stdin.end();
    signal.throwIfAborted();
    throw error;
  } finally {
    late.removeEventListener('abort', giveUp);
  }
  return {
    get isOver() {
      return isOver;
    },
    async restore(within) {
      child.ref();
      child.stdin.end('restore\n');
      const aborted = once(within, 'abort').then(() => within.reason);
      within.throwIfAborted();
      try {
        const outcome = await Promise.race([over.promise, aborted]);
        if (typeof outcome === 'boolean') return outcome;
        throw outcome;
      } finally {
        // It may go on trying: it is not waited for.
        said.close();
        child.stdout.destroy();
        child.unref();
      }
    },
  };
}
