import { join } from 'node:path';
import { paths } from '../paths.ts';

/** Where networks that are renamed at hostapd are kept until they are set back, for all commands of this user. */
export function renamingFolder(): string {
  return join(paths().state, 'renaming');
}
