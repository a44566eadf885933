import type { PushedRadio } from '../roles/agent/radio.ts';
import type { Credential } from '../roles/device/ports.ts';

/** No radio of ours: everybody gets the one password that the network has, and nothing is enforced. */
export function noRadio(credential: Credential): PushedRadio {
  return {
    kind: 'none',
    enforcement: 'none',
    converge: async () => undefined,
    credential: async () => credential,
    stations: async () => [],
    watch: () => {},
    close: async () => {},
  };
}
