/**
 * What a verification costs at least: node:http, one prepared statement, one opening of AES-256-GCM and one HKDF, by
 * hand, with nothing around them – no token, no validation, no audit log. `bare-server.ts '{"database": …, …}'`.
 */
import { Buffer } from 'node:buffer';
import { createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

export interface BareServerOptions {
  readonly database: string;
  readonly keyFile: string;
  readonly apId: string;
}

const { database, keyFile, apId } = JSON.parse(process.argv[2] ?? '{}') as BareServerOptions;
const key = createSecretKey(Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64url'));
const db = new DatabaseSync(database, { readOnly: true });
// As the storage's reading connection.
db.exec('pragma mmap_size = 1073741824');
const find = db.prepare('select pass_tmp from devices where uuid = ?');
const info = `latchkey/1 device-psk\0${apId}`;

function verify(body: string): { psk: string; ap_nonce: string } {
  const { uuid, device_nonce } = JSON.parse(body) as Record<'uuid' | 'device_nonce', string>;
  const apNonce = randomBytes(32);
  const { pass_tmp: box } = find.get(uuid) as { pass_tmp: Uint8Array };
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(5, 17), { authTagLength: 16 })
    .setAAD(Buffer.from(`devices\0${uuid}\0pass_tmp`))
    .setAuthTag(box.subarray(-16));
  const passTmp = decipher.update(box.subarray(17, -16));
  decipher.final();
  const salt = Buffer.concat([
    Buffer.from(uuid.replaceAll('-', ''), 'hex'),
    Buffer.from(device_nonce, 'base64url'),
    apNonce,
  ]);
  const psk = Buffer.from(hkdfSync('sha256', passTmp, salt, info, 32)).toString('base64url');
  return { psk, ap_nonce: apNonce.toString('base64url') };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const reply = JSON.stringify({ status: 'known', ...verify(Buffer.concat(chunks).toString()) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.length }).end(reply);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
