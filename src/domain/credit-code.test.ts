import { expect, test } from 'vitest';
import { checkedCodeOrder, codeStateAt, longestValidityMs, mostPayees, mostUses, type CodeOrder } from './credit-code.ts';

const order: CodeOrder = { maxEach: 500n, uses: 10, payees: ['acc_1'], validMs: 86_400_000, holderKey: new Uint8Array(32) };

test('takes an order that a token can say', () => {
  for (const good of [{}, { maxEach: 2000n }, { uses: mostUses }, { payees: undefined }, { validMs: 60_000 }, { validMs: longestValidityMs }]) {
    expect(checkedCodeOrder({ ...order, ...good }, 2000n)).toEqual({ ...order, ...good });
  }
});

const wrong: Partial<CodeOrder>[] = [
  { maxEach: 0n }, { maxEach: 2001n }, { uses: 0 }, { uses: 1.5 }, { uses: mostUses + 1 }, { validMs: 59_000 }, { validMs: 60_500 }, { validMs: longestValidityMs + 1000 },
  { payees: [] }, { payees: ['acc_1', 'acc_1'] }, { payees: ['no id'] }, { payees: Array.from({ length: mostPayees + 1 }, (_, index) => `acc_${index}`) }, { holderKey: new Uint8Array(31) },
];
test.each(wrong)('refuses one with %o', (part) => {
  expect(() => checkedCodeOrder({ ...order, ...part }, 2000n)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('a code has ended when nothing of it is settled any more, revoked or not', () => {
  const [expiresAt, settleBy, revokedAt] = [new Date(1000), new Date(2000), new Date(500)];
  const states = (revoked: Date | undefined) => [999, 1000, 1999, 2000].map((ms) => codeStateAt({ revokedAt: revoked, settleBy, expiresAt }, new Date(ms)));
  expect(states(undefined)).toEqual(['active', 'expired', 'expired', 'ended']);
  expect(states(revokedAt)).toEqual(['revoked', 'revoked', 'revoked', 'ended']);
});
