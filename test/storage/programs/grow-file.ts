// Registers devices until the files may grow no further.
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { newDevice } from '../samples.ts';
import { testSealer } from '../sealer.ts';

const store = await openStore({ url: process.argv[2]!, sealer: testSealer() });
const acknowledged: string[] = [];
let code: string | undefined;
while (code === undefined) {
  const device = newDevice();
  try {
    await store.devices.insert(device);
    acknowledged.push(device.uuid);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    code = error.code;
  }
}
let kept = 0;
for (const uuid of acknowledged) {
  if ((await store.devices.find(uuid)) !== undefined) kept += 1;
}
await store.close();
console.log(JSON.stringify({ code, lost: acknowledged.length - kept, some: acknowledged.length > 10 }));
