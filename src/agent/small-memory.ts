import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 to collect young garbage early rather than to grow: an access point has little memory, and a flood of
 * hostile connections makes nothing but garbage. For the whole process, from the moment on; it costs some hundredths
 * of the speed. (`node --v8-options` describes it; an unknown one would be passed over.)
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
