import { LatchkeyError } from '../domain/errors.ts';
import { parseId } from '../domain/identifiers.ts';
import type { Security } from '../domain/ssid.ts';
import { dialects, type Dialect } from '../radius/dialects.ts';
import type { RadiusNas } from '../radius/radius-radio.ts';
import type { Log } from '../roles/agent/log.ts';
import type { AskedRadio } from '../roles/agent/radio.ts';
import type { GrantKeyStore } from '../roles/agent/store.ts';
import { secretStore } from './destination.ts';
import type { ListenAddress } from './listen-address.ts';
import { readGivenSecret, type SecretSources } from './secret-input.ts';

export { dialects };

export interface RadiusFlags {
  readonly ssid: string;
  readonly security: Security;
  readonly listen: ListenAddress;
  readonly 'accounting-listen'?: ListenAddress | undefined;
  readonly nas: readonly string[];
  readonly dialect: Dialect;
  readonly 'restricted-vlan'?: number | undefined;
}

type Nas = Omit<RadiusNas, 'secret'>;

/** Reads whom RADIUS is spoken with; it is opened by what this resolves to. Errors: `invalid_input`, `missing_input`, those of the secret store. */
export async function prepareRadius(flags: RadiusFlags, sources: SecretSources): Promise<(keys: GrantKeyStore, log: Log) => Promise<AskedRadio>> {
  const named = flags.nas.map((text) => parseNas(text, flags.dialect));
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `--nas names ${twice.name} twice.`);
  }
  const clients: RadiusNas[] = [];
  for (const nas of named) {
    clients.push({ ...nas, secret: await readSharedSecret(nas.name, sources) });
  }
  const { RadiusRadio } = await import('../radius/radius-radio.ts');
  const { ssid, security, listen, 'accounting-listen': accounting } = flags;
  return async (keys, log) =>
    new RadiusRadio({
      authentication: endpoint(listen),
      accounting: accounting && endpoint(accounting),
      clients,
      ssid,
      security,
      restrictedVlan: flags['restricted-vlan'],
      keys,
      log,
    });
}

/** `NAME=ADDRESS[/PREFIX]`, and after commas a dialect and `orders=PORT`. */
function parseNas(text: string, usualDialect: Dialect): Nas {
  const [, name = '', rest = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  const [address = '', ...words] = rest.split(',');
  let dialect = usualDialect;
  let ordersPort: number | undefined;
  for (const word of words) {
    const [, port] = /^orders=(\d{1,5})$/.exec(word) ?? [];
    if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
      ordersPort = Number(port);
    } else if (isDialect(word)) {
      dialect = word;
    } else {
      throw new LatchkeyError('invalid_input', `--nas ${text}: "${word}" is none of ${dialects.join(', ')}, orders=PORT.`);
    }
  }
  if (address === '') {
    throw new LatchkeyError('invalid_input', `--nas ${text}: this is not like hall=10.0.0.5 or hall=10.1.0.0/16,cisco.`);
  }
  return { name: parseId(name, 'name'), address, dialect, ordersPort };
}

function isDialect(word: string): word is Dialect {
  return (dialects as readonly string[]).includes(word);
}

async function readSharedSecret(nas: string, sources: SecretSources): Promise<string> {
  const given = await readGivenSecret(`radius-secret-${nas}`, undefined, sources);
  if (given !== undefined) {
    return given;
  }
  const variable = `LATCHKEY_RADIUS_SECRET_${nas.replaceAll('-', '_').toUpperCase()}`;
  const storeName = `radius/${nas}`;
  const stored = await secretStore(sources).then((store) => store.get(storeName)).catch((error: unknown) => {
    throw error instanceof LatchkeyError ? new LatchkeyError(error.code, error.message, { hint: `${error.hint} Or set ${variable}.`, cause: error }) : error;
  });
  if (stored === undefined) {
    throw new LatchkeyError('missing_input', `The secret that ${nas} shares with this server is missing.`, {
      hint: `Store it with \`latchkey secret set ${storeName}\`, or set ${variable}.`,
    });
  }
  return stored;
}

function endpoint({ host, port }: ListenAddress) {
  return { address: host, port };
}
