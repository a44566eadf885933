import { exchange, type Card } from '../../src/protocol/card.ts';

/** The NDEF message on a Type 4 tag, read as a phone reads it (NFC Forum, Type 4 Tag specification). */
export async function readType4Tag(card: Card): Promise<Uint8Array> {
  await ask(card, { ins: 0xa4, p1: 4, data: Buffer.from('d2760000850101', 'hex') });
  await ask(card, { ins: 0xa4, p2: 0x0c, data: Buffer.from('e103', 'hex'), le: undefined });
  const container = await ask(card, { ins: 0xb0, le: 15 });
  await ask(card, { ins: 0xa4, p2: 0x0c, data: container.subarray(9, 11), le: undefined });
  const end = 2 + (await ask(card, { ins: 0xb0, le: 2 })).readUInt16BE();
  const atOnce = Math.min(container.readUInt16BE(3), 255);
  const parts: Buffer[] = [];
  for (let at = 2; at < end; at += atOnce) {
    parts.push(await ask(card, { ins: 0xb0, p1: at >> 8, p2: at & 0xff, le: Math.min(atOnce, end - at) }));
  }
  return Buffer.concat(parts);
}

async function ask(card: Card, command: Omit<Parameters<typeof exchange>[1], 'cla'>): Promise<Buffer> {
  const { data, status } = await exchange(card, { cla: 0, ...command });
  if (status !== 0x9000) throw new Error(`the tag answers ${status.toString(16)}`);
  return Buffer.from(data);
}
