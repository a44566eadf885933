import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cacheFolder } from './project.mjs';

const pollMs = 100;

/** Runs the work while no other process does work of this name in this project. */
export async function exclusively(name, work) {
  const lock = join(cacheFolder, `${name}.lock`);
  mkdirSync(cacheFolder, { recursive: true });
  for (let told = false; !take(lock); await pause(pollMs)) {
    if (!told) {
      console.error(`Waiting for process ${holderOf(lock) ?? '?'}, which holds ${lock}`);
      told = true;
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The lock is a file that holds its holder's process id. */
function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') {
      throw error;
    }
  }
  // Left by a process that was killed. It is taken on the next try only, long after every other waiter has seen it gone.
  const holder = holderOf(lock);
  if (holder !== undefined && !isAlive(holder)) {
    rmSync(lock, { force: true });
  }
  return false;
}

function holderOf(lock) {
  try {
    const id = Number(readFileSync(lock, 'utf8'));
    return id > 0 ? id : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

function isAlive(id) {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
