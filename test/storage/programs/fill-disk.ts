// Registers devices in a small file system until it is full, makes room and goes on.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { newDevice } from '../samples.ts';
import { testSealer } from '../sealer.ts';

const [folder] = process.argv.slice(2);
const reserve = join(folder!, 'reserve');
const url = `sqlite:${join(folder!, 'registry.db')}`;

writeFileSync(reserve, Buffer.alloc(512 * 1024));
const store = await openStore({ url, sealer: testSealer() });
const acknowledged: string[] = [];
let code: string | undefined;
while (code === undefined) {
  // Several at a time: what shares a commit fails together.
  const devices = Array.from({ length: 4 }, () => newDevice());
  const results = await Promise.allSettled(devices.map((device) => store.devices.insert(device)));
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') {
      acknowledged.push(devices[index]!.uuid);
    } else {
      if (!(result.reason instanceof LatchkeyError)) throw result.reason;
      code = result.reason.code;
    }
  }
}
const transaction = await store.transaction(async (tx) => {
  for (let index = 0; index < 100; index++) await tx.devices.insert(newDevice({ batch: 'too much' }));
}).then(() => undefined, (error: unknown) => error);

let kept = 0;
for (const uuid of acknowledged) {
  if ((await store.devices.findWithPassTmp(uuid)) !== undefined) kept += 1;
}
const { items: halfWritten } = await store.devices.list({ batch: 'too much' }, { limit: 10 });

rmSync(reserve);
const afterwards = await store.devices.insert(newDevice());
await store.close();

console.log(JSON.stringify({
  code,
  transactionCode: transaction instanceof LatchkeyError ? transaction.code : String(transaction),
  lost: acknowledged.length - kept,
  some: acknowledged.length > 100,
  halfWritten: halfWritten.length,
  afterwards,
}));
