// Another program: holds SQLite's write lock on a file until its standard input ends.
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2]!);
database.exec('begin exclusive');
console.log('locked');
process.stdin.resume();
await once(process.stdin, 'end');
database.exec('rollback');
database.close();
