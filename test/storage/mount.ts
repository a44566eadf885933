import { spawnSync } from 'node:child_process';
import { skipsAreFailures } from '../../scripts/testing/strictness.ts';
import { namespaces } from './program.ts';

/** Whether file systems can be mounted for a program under test; some containers forbid it. */
export const canMount = skipsAreFailures || spawnSync('unshare', [...namespaces(), 'true']).status === 0;
