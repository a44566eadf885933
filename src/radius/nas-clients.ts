import { BlockList, isIP, SocketAddress } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';
import { remember } from '../roles/remember.ts';
import type { Dialect } from './dialects.ts';
import { SharedSecret } from './shared-secret.ts';

/** An access point, controller or proxy that may ask, or a network of them. */
export interface NasClient {
  readonly name: string;
  /** An IPv4 or IPv6 address, or a prefix such as 10.1.0.0/16. Of several that fit, the longest counts. */
  readonly address: string;
  readonly secret: string;
  readonly dialect: Dialect;
}

/** One address from which a client speaks. */
export interface Source {
  readonly name: string;
  readonly address: string;
  readonly secret: SharedSecret;
  readonly dialect: Dialect;
  /** No other source has had it. */
  readonly number: number;
}

type Client = Omit<Source, 'address' | 'number'>;
interface Network {
  readonly bits: number;
  readonly addresses: BlockList;
  readonly client: Client;
}

const mostSources = 65_536;

/** Who may ask, found by where a packet comes from. */
export class NasClients {
  readonly #byAddress = new Map<string, Client>();
  /** The longest prefixes first. */
  readonly #networks: readonly Network[];
  readonly #sources = new Map<string, Source>();
  #numbers = 0;

  /** Errors: `invalid_input` (an address that is none or is there twice, a secret). */
  constructor(clients: readonly NasClient[]) {
    const networks: Network[] = [];
    for (const { name, address, secret, dialect } of clients) {
      const client = { name, secret: new SharedSecret(secret), dialect };
      const [host = '', prefix] = address.split('/', 2);
      const family = familyOf(host);
      const longest = family === 'ipv4' ? 32 : 128;
      const bits = prefix === undefined ? longest : Number(prefix);
      if (family === undefined || !/^\d{1,3}$/.test(prefix ?? '0') || bits > longest) {
        throw new LatchkeyError('invalid_input', `The RADIUS client ${name} has no address or prefix: ${address}`);
      }
      if (bits < longest) {
        const addresses = new BlockList();
        addresses.addSubnet(host, bits, family);
        networks.push({ bits, addresses, client });
      } else if (this.#byAddress.has(canonical(host))) {
        throw new LatchkeyError('invalid_input', `Two RADIUS clients have the address ${host}.`);
      } else {
        this.#byAddress.set(canonical(host), client);
      }
    }
    this.#networks = networks.sort((one, other) => other.bits - one.bits);
  }

  /** The source at an address as a socket says it; undefined if nobody may ask from there. */
  at(address: string): Source | undefined {
    return this.#sources.get(address) ?? this.#meet(address);
  }

  #meet(address: string): Source | undefined {
    const host = canonical(address);
    const family = familyOf(host);
    const client =
      this.#byAddress.get(host) ??
      (family === undefined ? undefined : this.#networks.find(({ addresses }) => addresses.check(host, family))?.client);
    if (client === undefined) {
      return undefined;
    }
    this.#numbers += 1;
    // The zone of a link-local address belongs to the way there.
    const source = { ...client, address: family === 'ipv6' ? address : host, number: this.#numbers };
    remember(this.#sources, address, source, mostSources);
    return source;
  }
}

/** One spelling of each address, without a zone; IPv4 also where it comes mapped into IPv6. */
function canonical(address: string): string {
  const [host = ''] = address.split('%', 1);
  if (isIP(host) !== 6) {
    return host;
  }
  const text = new SocketAddress({ address: host, family: 'ipv6' }).address;
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
}

function familyOf(host: string): 'ipv4' | 'ipv6' | undefined {
  return ([undefined, 'ipv4', 'ipv6'] as const)[[0, 4, 6].indexOf(isIP(host))];
}
