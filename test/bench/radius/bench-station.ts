import { hash } from 'node:crypto';
import { uuidFrom } from '../../../src/protocol/encoding.ts';

/** A device with a grant, and the address by which access points know it. */
export interface BenchStation {
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  readonly subjectId: string;
  readonly grantId: string;
  readonly password: string;
  readonly vlan: number;
}

/** The network that they are let into. */
export const benchSsid = 'bench';

/** The station of this number, as `benchDevice` has them; numbers say nothing of the order of their keys. */
export function benchStation(number: number): BenchStation {
  const bytes = hash('sha512', `latchkey bench station ${number}`, 'buffer');
  // Locally administered, of a single station (IEEE 802, 8.2).
  const first = (bytes[0]! & 0xfc) | 0x02;
  return {
    mac: Buffer.of(first, ...bytes.subarray(1, 6)).toString('hex').match(/../g)!.join(':'),
    subjectId: uuidFrom(bytes.subarray(6, 22)),
    grantId: `grt_${bytes.toString('base64url', 22, 38)}`,
    password: bytes.toString('hex', 38, 51),
    vlan: 2 + (number % 4000),
  };
}
