/** What files of devices cost at least: as many of that size, made and written one after the other. `bare-writer.ts FOLDER COUNT BYTES`. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';

const [folder, count, bytes] = process.argv.slice(2);
const content = randomBytes(Number(bytes));
mkdirSync(folder!);
for (let number = 0; number < Number(count); number += 1) {
  const file = openSync(`${folder}/${number}`, 'wx', 0o600);
  writeSync(file, content);
  closeSync(file);
}
