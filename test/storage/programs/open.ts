// Opens a database; prints the code of the error, or that there was none.
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { testSealer } from '../sealer.ts';

const [url] = process.argv.slice(2);
try {
  await (await openStore({ url: url!, sealer: testSealer() })).close();
  console.log(JSON.stringify('opened'));
} catch (error) {
  if (!(error instanceof LatchkeyError)) throw error;
  console.log(JSON.stringify(error.code));
}
