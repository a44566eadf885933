/** Our server over a database, in the process that tells. `server.ts '{"url": …, "key": …, "terminalIds": […]}'`. */
import { Buffer } from 'node:buffer';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { KeyringSealer } from '../../../src/secrets/seal.ts';
import { createServer } from '../../../src/server/create-server.ts';
import { listen } from '../../../src/server/listen.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { detail, listenForTelling } from './telling.ts';

interface Options {
  readonly url: string;
  /** Base64url. */
  readonly key: string;
  readonly terminalIds: readonly string[];
}

const { url, key, terminalIds } = JSON.parse(process.argv[2] ?? '{}') as Options;
const store = await openStore({ url, sealer: new KeyringSealer([Buffer.from(key, 'base64url')]) });
const server = createServer({ store, clock: systemClock, random: systemRandom });
const { port } = await listen(server, { port: 0, tls: false });
const tellPort = await listenForTelling({
  tell(which) {
    const [at, said] = [new Date(), detail()];
    return store.events.append(which.map((index) => ({ terminalId: terminalIds[index]!, kind: 'fee.set', at, detail: said })));
  },
}, terminalIds.length);
console.log(JSON.stringify({ port, tellPort }));
