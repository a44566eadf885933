import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { throwawayCertificate } from './certificate.ts';

test('is a certificate for this machine, by itself', () => {
  const certificate = new X509Certificate(throwawayCertificate(new Date(), 3_600_000).cert);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(true);
  expect(certificate.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
});

test('is trusted by whoever is given it, and by nobody else', async () => {
  const { cert, key } = throwawayCertificate(new Date(), 3_600_000);
  const server = createServer({ cert, key }, (socket) => socket.end()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const trusting = connect({ host: '127.0.0.1', port, ca: cert });
  await once(trusting, 'secureConnect');
  expect(trusting.authorized).toBe(true);
  trusting.destroy();
  const other = connect({ host: '127.0.0.1', port, ca: throwawayCertificate(new Date(), 3_600_000).cert });
  await expect(once(other, 'secureConnect')).rejects.toThrow();
});
