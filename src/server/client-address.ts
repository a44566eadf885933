import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';

/**
 * Tells clients' addresses: that of the connection, unless it is a trusted proxy's (an address or CIDR range), who
 * is believed about whom it speaks for in X-Forwarded-For. Errors: `invalid_input`.
 */
export function clientAddress(trusted: readonly string[]): (request: IncomingMessage) => string {
  if (trusted.length === 0) {
    return ({ socket }) => socket.remoteAddress ?? '';
  }
  const proxies = new BlockList();
  for (const proxy of trusted) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? undefined : Number(prefix);
    if (isIP(address) === 0 || (bits !== undefined && !(Number.isInteger(bits) && bits >= 0 && bits <= (family === 'ipv6' ? 128 : 32)))) {
      throw new LatchkeyError('invalid_input', `"${proxy}" is no address or range of a proxy.`);
    }
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, bits, family);
  }
  const isProxy = (address: string) => isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return ({ socket, headers }) => {
    const said = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').map((address) => address.trim());
    let address = socket.remoteAddress ?? '';
    while (isProxy(address) && said.length > 0) {
      const next = said.pop()!;
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}
