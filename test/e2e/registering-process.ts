// Registers devices in one SQLite file, one after the other, as a station's script would: FILE COUNT.
import { randomBytes } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { FactoryService } from '../../src/roles/factory/service.ts';
import { KeyringSealer } from '../../src/secrets/seal.ts';
import { openStore } from '../../src/storage/open-store.ts';

const [file, count] = process.argv.slice(2);
const store = await openStore({ url: `sqlite:${file}`, sealer: new KeyringSealer([Buffer.alloc(32, 7)]) });
const factory = new FactoryService({
  store,
  clock: { now: () => new Date() },
  random: { bytes: (length) => randomBytes(length) },
  actor: { kind: 'local' },
});
for (let made = 0; made < Number(count); made++) {
  const { device } = await factory.reserve({ ssid: 'factory-setup', batch: `process-${process.pid}` });
  await factory.confirm(device.uuid);
}
await store.close();
