// Accepts one code after the other, and says each receipt's id once it is accepted.
import { parseAmount } from '../../../src/domain/money.ts';
import { receiptIdOf } from '../../../src/protocol/code-receipt.ts';
import { CodeAcceptance } from '../../../src/roles/codes/acceptance.ts';
import { openAcceptanceStore } from '../../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from '../../codes/issuer.ts';

const [path] = process.argv.slice(2);
const start = new Date('2026-11-30T10:00:00Z');
const issuer = new Issuer();
const store = await openAcceptanceStore({ path: path! });
await store.keepTrust(issuer.trustList(start));
const acceptance = new CodeAcceptance({
  register: { id: 'tok_register', payeeId, currency: 'EUR' }, journal: store, receiptKey: newKey().privateKey, clock: { now: () => start },
  rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
});
const amount = parseAmount('0.01EUR');
for (;;) {
  const { accepted } = await acceptance.accept({ text: issuer.wallet(start).shows(1, start), amount });
  await new Promise((resolve) => process.stdout.write(`${receiptIdOf(accepted!.signedReceipt)}\n`, resolve));
}
