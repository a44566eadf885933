// Opens a database, and registers a device in it, as a user who may not write it.
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import '../../../src/storage/relational-store.ts';
import '../../../src/storage/sqlite-database.ts';
import { newDevice } from '../samples.ts';
import { testSealer } from '../sealer.ts';

const [url] = process.argv.slice(2);
// All that is imported is read by now. Modes do not hold root.
if (process.getuid!() === 0) {
  process.setgid!(65534);
  process.setuid!(65534);
}
try {
  const store = await openStore({ url: url!, sealer: testSealer() });
  await store.devices.insert(newDevice());
  await store.close();
  console.log(JSON.stringify('written'));
} catch (error) {
  if (!(error instanceof LatchkeyError)) throw error;
  console.log(JSON.stringify(error.code));
}
