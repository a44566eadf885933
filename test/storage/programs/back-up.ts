// Backs a database up; prints the code of the error and what is left in the folder.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { backupDatabase } from '../../../src/storage/backup.ts';

const [url, file] = process.argv.slice(2);
const error = await backupDatabase({ url: url!, file: file! }).then(() => undefined, (reason: unknown) => reason);
const code = error instanceof LatchkeyError ? error.code : String(error);
console.log(JSON.stringify({ code, left: readdirSync(dirname(file!)) }));
