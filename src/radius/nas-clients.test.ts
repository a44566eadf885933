import { expect, test } from 'vitest';
import { NasClients, type NasClient } from './nas-clients.ts';

function clients(...addresses: string[]): NasClients {
  return new NasClients(addresses.map((address): NasClient => ({ name: address, address, secret: 'secret', dialect: 'standard' })));
}

test('the longest prefix counts', () => {
  const all = clients('10.0.0.0/8', '0.0.0.0/0', '10.1.0.0/16', '10.1.2.3', '2001:db8::/32', '2001:DB8:0:0::1', 'fe80::/10');
  const name = (address: string) => all.at(address)?.name;
  expect(name('10.1.2.3')).toBe('10.1.2.3');
  expect(name('::ffff:10.1.2.3')).toBe('10.1.2.3');
  expect(name('10.1.2.4')).toBe('10.1.0.0/16');
  expect(name('10.2.0.1')).toBe('10.0.0.0/8');
  expect(name('192.0.2.1')).toBe('0.0.0.0/0');
  expect(name('2001:db8::1')).toBe('2001:DB8:0:0::1');
  expect(name('2001:db8:5::1')).toBe('2001:db8::/32');
  expect(name('fe80::1%eth0')).toBe('fe80::/10');
  expect(name('2001:db9::1')).toBeUndefined();
});

test('a source has the address by which it is reached', () => {
  const all = clients('0.0.0.0/0', '::/0');
  expect(['10.1.2.3', '::ffff:10.1.2.3', 'fe80::1%eth0'].map((address) => all.at(address)?.address)).toEqual(['10.1.2.3', '10.1.2.3', 'fe80::1%eth0']);
});

test('addresses of one prefix are sources of their own', () => {
  const all = clients('10.0.0.0/8');
  expect(all.at('10.0.0.1')).toBe(all.at('10.0.0.1'));
  expect(all.at('10.0.0.1')?.number).not.toBe(all.at('10.0.0.2')?.number);
  expect(all.at('11.0.0.1')).toBeUndefined();
});

test.each(['', 'ap.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', '::/129', '10.0.0.0/-1'])('"%s" is refused', (address) => {
  expect(() => clients(address)).toThrow('has no address or prefix');
});

test('one address twice is refused, whatever its spelling', () => {
  expect(() => clients('2001:db8::1', '2001:0db8::1')).toThrow('Two RADIUS clients');
});
