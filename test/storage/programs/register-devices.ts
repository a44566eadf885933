// One station of many on one database: registers devices one after the other, each in two durable steps.
import { openStore } from '../../../src/storage/open-store.ts';
import { newDevice } from '../samples.ts';
import { testSealer } from '../sealer.ts';

const [url, count, batch] = process.argv.slice(2);
const store = await openStore({ url: url!, sealer: testSealer() });
let registered = 0;
for (let index = 0; index < Number(count); index++) {
  const device = newDevice({ batch });
  const reserved = await store.transaction(async (tx) => {
    await tx.audit.append({ at: device.createdAt, actor: 'local', action: 'device.reserved', uuid: device.uuid });
    return tx.devices.insert(device);
  });
  if (reserved && (await store.devices.register(device.uuid, device.createdAt))) registered += 1;
}
await store.close();
console.log(JSON.stringify(registered));
