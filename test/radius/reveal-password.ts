import { createHash } from 'node:crypto';

/** What RFC 2868 section 3.5 says, from the other side: salt and hidden blocks, without a tag. */
export function revealPassword(secretBytes: string, authenticator: Uint8Array, salted: Uint8Array): string {
  let last = Buffer.concat([authenticator, salted.subarray(0, 2)]);
  const plain: number[] = [];
  for (let at = 2; at < salted.length; at += 16) {
    const mask = createHash('md5').update(secretBytes).update(last).digest();
    last = Buffer.from(salted.subarray(at, at + 16));
    plain.push(...last.map((byte, index) => byte ^ mask[index]!));
  }
  return Buffer.from(plain.slice(1, 1 + plain[0]!)).toString();
}
