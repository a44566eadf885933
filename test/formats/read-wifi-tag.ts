import type { Credential } from '../../src/roles/device/ports.ts';
import { readNdef } from './read-ndef.ts';

/** The Wi-Fi credential of an NDEF message, as a phone finds it (Wi-Fi Simple Configuration, 12); undefined if it has none. */
export function readWifiTag(message: Uint8Array): Credential | undefined {
  const record = readNdef(message).find(({ kind, type }) => kind === 'media' && type === 'application/vnd.wfa.wsc');
  if (record === undefined) {
    return undefined;
  }
  const credential = attributesOf(attributesOf(Buffer.from(record.payload)).get(0x100e)!);
  const [authentication, encryption] = [credential.get(0x1003)!.readUInt16BE(), credential.get(0x100f)!.readUInt16BE()];
  if (authentication !== 0x0020 || encryption !== 0x0008) throw new Error(`not WPA2 with AES: ${authentication}, ${encryption}`);
  return { ssid: credential.get(0x1045)!.toString(), password: credential.get(0x1027)!.toString('latin1'), security: 'wpa2-psk' };
}

function attributesOf(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw new Error('an attribute ends too soon');
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, end));
    at = end;
  }
  return attributes;
}
