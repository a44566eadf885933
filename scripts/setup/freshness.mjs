import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, inProject } from './project.mjs';

/** Hash of what these files hold. */
export function contentsOf(paths) {
  return hashOf(paths.map((path) => [path, readFileSync(inProject(path), 'base64')]));
}

/** Hash of the names, sizes and times of all files below these paths: cheap, and changes whenever a file does. */
export function listingOf(paths) {
  return hashOf(paths.flatMap((path) => filesBelow(path)).map((path) => {
    const file = lstatSync(inProject(path), { throwIfNoEntry: false });
    return [path, file?.size, file?.mtimeMs];
  }));
}

/**
 * A stamp says for which input something was last made, so that it is made again only when that input has changed.
 * Nothing but the stamp's file decides: it is written when the work is done.
 */
export function stamp(name, input) {
  const file = join(cacheFolder, `${name}.stamp`);
  return {
    isCurrent: () => existsSync(file) && readFileSync(file, 'utf8') === input,
    write() {
      mkdirSync(cacheFolder, { recursive: true });
      writeFileSync(file, input);
    },
  };
}

function hashOf(facts) {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

function filesBelow(path) {
  if (lstatSync(inProject(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    return [path];
  }
  const entries = readdirSync(inProject(path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => filesBelow(`${path}/${entry.name}`));
}
