/** Judges and accepts codes by an empty journal and a long one, and verifies two bare signatures as often; prints the times of each round. */
import { randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { parseAmount } from '../../../src/domain/money.ts';
import { base64url } from '../../../src/protocol/encoding.ts';
import { ed25519Public } from '../../../src/protocol/ed25519.ts';
import { CodeAcceptance } from '../../../src/roles/codes/acceptance.ts';
import { openAcceptanceStore, type AcceptanceStore } from '../../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from '../../codes/issuer.ts';
import { busyShare, usageOf } from '../process-usage.ts';

export interface AcceptingOptions {
  readonly empty: string;
  readonly many: string;
  readonly rounds: number;
  /** Of each kind in a round. */
  readonly codes: number;
  readonly accepted: number;
}

/** Milliseconds for all of a round. */
export interface AcceptingRound {
  readonly bare: number;
  readonly judgedEmpty: number;
  readonly judgedMany: number;
  readonly acceptedEmpty: number;
  readonly acceptedMany: number;
}

export interface AcceptingAnswer {
  readonly rounds: readonly AcceptingRound[];
  /** While no disk was waited for. */
  readonly busy: number;
}

const revocations = 1000;
const amount = parseAmount('3.20EUR');
const payees = [payeeId, 'acc_BBBBBBBBBBBBBBBBBBBBBA', 'acc_CCCCCCCCCCCCCCCCCCCCCA'];
const now = new Date();

const options = JSON.parse(process.argv[2]!) as AcceptingOptions;
const issuer = new Issuer();
for (let number = 0; number < revocations; number += 1) issuer.revoked.push(`code_${base64url(randomBytes(16))}`);
const stores = [await opened(options.empty), await opened(options.many)] as const;
const [empty, many] = stores.map((journal) => new CodeAcceptance({
  register: { id: 'tok_AAAAAAAAAAAAAAAAAAAAAA', payeeId, currency: 'EUR' }, journal, receiptKey: newKey().privateKey, clock: { now: () => now },
  rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
})) as [CodeAcceptance, CodeAcceptance];

const rounds: AcceptingRound[] = [];
let [cpuMs, wallMs] = [0, 0];
for (let round = 0; round <= options.rounds; round += 1) {
  const texts = Array.from({ length: options.codes }, newCode);
  const signatures = bareSignatures(options.codes);
  const begun = usageOf(process.pid);
  // In pieces, one after the other, so that what disturbs the machine disturbs all.
  const times = { bare: 0, judgedEmpty: 0, judgedMany: 0 };
  const piece = 50;
  for (let from = 0; from < options.codes; from += piece) {
    const some = texts.slice(from, from + piece);
    times.bare += timed(() => signatures.slice(from, from + piece).forEach(verifyBoth));
    times.judgedEmpty += timed(() => some.forEach((text) => judge(empty, text)));
    times.judgedMany += timed(() => some.forEach((text) => judge(many, text)));
  }
  const share = busyShare(begun, usageOf(process.pid));
  const acceptedEmpty = await accepted(empty, texts);
  const acceptedMany = await accepted(many, texts);
  // The first warms up.
  if (round > 0) {
    rounds.push({ ...times, acceptedEmpty, acceptedMany });
    const wall = times.bare + times.judgedEmpty + times.judgedMany;
    [cpuMs, wallMs] = [cpuMs + share * wall, wallMs + wall];
  }
}
stores.forEach((store) => store.close());
console.log(JSON.stringify({ rounds, busy: cpuMs / wallMs } satisfies AcceptingAnswer));

async function opened(path: string): Promise<AcceptanceStore> {
  const store = await openAcceptanceStore({ path });
  await store.keepTrust({ ...issuer.trustList(now), issuer: base64url(randomBytes(8)) });
  return store;
}

/** Each of another token and holder, both amounts, three payees, and bound. */
function newCode(): string {
  return issuer.wallet(now, { payees }).shows(1, now, { amount: amount.minor, payeeId });
}

interface Signed {
  readonly key: KeyObject;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Over as many bytes as a token's and a proof's. */
function bareSignatures(count: number): (readonly [Signed, Signed])[] {
  const server = newKey();
  return Array.from({ length: count }, () => {
    const one = (pair: ReturnType<typeof newKey>, length: number): Signed => {
      const message = randomBytes(length);
      return { key: ed25519Public(pair.publicKey), message, signature: sign(null, message, pair.privateKey) };
    };
    return [one(server, 200), one(newKey(), 90)] as const;
  });
}

function verifyBoth([token, proof]: readonly [Signed, Signed]): void {
  if (!verify(null, token.message, token.key, token.signature) || !verify(null, proof.message, proof.key, proof.signature)) {
    throw new Error('a signature is wrong');
  }
}

function judge(acceptance: CodeAcceptance, text: string): void {
  const refusal = acceptance.judge({ text, amount });
  if (refusal !== undefined) throw refusal;
}

async function accepted(acceptance: CodeAcceptance, texts: readonly string[]): Promise<number> {
  const begun = performance.now();
  for (const text of texts.slice(0, options.accepted)) {
    const { refusal } = await acceptance.accept({ text, amount });
    if (refusal !== undefined) throw refusal;
  }
  return performance.now() - begun;
}

function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}
