import { expect, test } from 'vitest';
import { code } from './attributes.ts';
import { Packet, PacketWriter } from './packet.ts';
import { ReplyCache } from './reply-cache.ts';
import { SharedSecret } from './shared-secret.ts';

const secret = new SharedSecret('secret');
const reply = Buffer.alloc(20);

function request(identifier: number, fill: number): Packet {
  return Packet.decode(new PacketWriter().begin(secret, code.accessRequest, identifier, Buffer.alloc(16, fill)).seal());
}

test('the same address, port, identifier and authenticator make a duplicate', () => {
  const cache = new ReplyCache(() => 0);
  const kept = cache.keep(1, 1024, request(9, 1), reply);
  expect(cache.find(1, 1024, request(9, 1))).toBe(kept);
  expect(cache.find(2, 1024, request(9, 1))).toBeUndefined();
  expect(cache.find(1, 1025, request(9, 1))).toBeUndefined();
  expect(cache.find(1, 1024, request(8, 1))).toBeUndefined();
  expect(cache.find(1, 1024, request(9, 2))).toBeUndefined();
  cache.forget(1, 1024, request(9, 1), kept);
  expect(cache.find(1, 1024, request(9, 1))).toBeUndefined();
});

test('a reply is kept for 30 seconds at least', () => {
  let now = 0;
  const cache = new ReplyCache(() => now);
  const tick = (atMs: number, port: number) => {
    now = atMs;
    cache.keep(1, port, request(1, 1), reply);
  };
  tick(0, 1);
  tick(29_000, 2);
  tick(31_000, 3);
  tick(58_000, 4);
  expect(cache.find(1, 2, request(1, 1))).toBeDefined();
  tick(62_000, 5);
  expect([1, 2, 3, 4, 5].filter((port) => cache.find(1, port, request(1, 1)) !== undefined)).toEqual([3, 4, 5]);
  now = 500_000;
  expect(cache.find(1, 5, request(1, 1))).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('there are 65,536 at most, and the last 32,768 are among them', () => {
  const cache = new ReplyCache(() => 0);
  const asked = request(1, 1);
  for (let number = 1; number <= 200_000; number += 1) {
    cache.keep(number, 1024, asked, reply);
    if (number % 10_000 === 0) {
      expect(cache.size).toBeLessThanOrEqual(65_536);
    }
  }
  expect(cache.find(200_000 - 32_767, 1024, asked)).toBeDefined();
});
