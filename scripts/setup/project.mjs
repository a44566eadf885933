import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** What may be deleted at any time: stamps of what is set up, locks, compile caches. */
export const cacheFolder = join(root, '.cache');

/** Where a path of the project is. */
export const inProject = (...names) => join(root, ...names);
