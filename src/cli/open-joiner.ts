import { LatchkeyError } from '../domain/errors.ts';
import type { NetworkJoiner } from '../roles/device/ports.ts';
import type { Opening } from './open-role.ts';

/** What runs the Wi-Fi of a Linux machine. */
export const networkPrograms = ['wpa_supplicant', 'networkmanager'] as const;
export type NetworkProgram = (typeof networkPrograms)[number];

/** Errors: `wifi_unavailable`. */
export async function openJoiner(program: NetworkProgram, name: string, { closing, sources }: Opening): Promise<NetworkJoiner> {
  if (process.platform !== 'linux') {
    throw new LatchkeyError('wifi_unavailable', '--apply works on Linux.', { hint: 'Leave it out, and join with the name and password that are printed.' });
  }
  const joiner = await open(program, name, sources.signal ?? new AbortController().signal);
  closing.defer(() => joiner.close());
  return joiner;
}

async function open(program: NetworkProgram, name: string, signal: AbortSignal): Promise<NetworkJoiner> {
  if (program === 'wpa_supplicant') {
    const { WpaSupplicantJoiner } = await import('../radio/station/wpa-supplicant.ts');
    return WpaSupplicantJoiner.open({ interface: name });
  }
  const [{ NetworkManagerJoiner }, { networkManagerKeyfile }] = await Promise.all([
    import('../radio/station/network-manager.ts'),
    import('../formats/network-manager.ts'),
  ]);
  return NetworkManagerJoiner.open({ interface: name, keyfile: networkManagerKeyfile }, signal);
}
