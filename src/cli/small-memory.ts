import { setFlagsFromString } from 'node:v8';

/**
 * For commands that stream as many devices as there are: V8 collects garbage rather than take more memory. For the
 * whole process and threads that start later. (`node --v8-options` describes the flags.)
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--optimize-for-size');
}
