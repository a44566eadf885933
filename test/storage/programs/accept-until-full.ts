// Accepts codes in a small file system until it is full, makes room and goes on.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LatchkeyError } from '../../../src/domain/errors.ts';
import { parseAmount } from '../../../src/domain/money.ts';
import { CodeAcceptance } from '../../../src/roles/codes/acceptance.ts';
import { openAcceptanceStore } from '../../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from '../../codes/issuer.ts';

const [path] = process.argv.slice(2);
const reserve = join(dirname(path!), 'reserve');
const start = new Date('2026-11-30T10:00:00Z');
const issuer = new Issuer();

writeFileSync(reserve, Buffer.alloc(256 * 1024));
const store = await openAcceptanceStore({ path: path! });
await store.keepTrust(issuer.trustList(start));
const acceptance = new CodeAcceptance({
  register: { id: 'tok_register', payeeId, currency: 'EUR' }, journal: store, receiptKey: newKey().privateKey, clock: { now: () => start },
  rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
});
const amount = parseAmount('0.01EUR');
const accept = () => {
  const wallet = issuer.wallet(start);
  return { tokenId: wallet.token.id, decision: acceptance.accept({ text: wallet.shows(1, start), amount }) };
};

const accepted: string[] = [];
let code: string | undefined;
while (code === undefined) {
  const { tokenId, decision } = accept();
  try {
    await decision;
    accepted.push(tokenId);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    code = error.code;
  }
}
const lost = accepted.filter((tokenId) => !store.taken(tokenId, 1).hasCounter).length;
const kept = store.waiting().count;
rmSync(reserve);
const { decision } = accept();
const afterwards = (await decision).refusal === undefined && store.waiting().count === kept + 1;
store.close();

console.log(JSON.stringify({ code, lost, some: accepted.length > 100 && kept === accepted.length, afterwards }));
