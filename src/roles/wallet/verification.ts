import { timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';
import type { Account } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseId } from '../../domain/identifiers.ts';
import { parseVerificationCode, verificationLifeMs, verificationsADay, verificationTries } from '../../domain/payment.ts';
import { findOpenAccount } from '../ledger/accounts.ts';
import type { Verification } from '../ledger/store.ts';
import { newId, within, type ServiceContext } from '../service-context.ts';
import type { VerificationRequest, VerificationSender, VerificationSent } from './ports.ts';

const dayMs = 86_400_000;

export interface VerificationContext extends ServiceContext {
  /**
   * Has a code sent that is on record; without it none can be asked for. For the person whose machine and database it is
   * it resolves when the code has left; for terminals elsewhere at once (ADR 34), the same for whatever is asked for.
   */
  readonly sendCode?: ((verification: Verification) => Promise<void>) | undefined;
}

/** Makes a verification code and has it sent, once for a key. Errors: `verification_unavailable`, `verification_limit`. */
export async function requestVerification(
  context: VerificationContext,
  terminalId: string,
  { key, account: reference, name }: VerificationRequest,
): Promise<VerificationSent> {
  parseId(key, 'idempotency key');
  const { store, sendCode } = context;
  if (sendCode === undefined) {
    throw new LatchkeyError('verification_unavailable');
  }
  const verification = (await store.verifications.findByKey(terminalId, key)) ?? (await store.transaction((tx) => make(within(context, tx), terminalId, { key, account: reference, name })));
  await sendCode(verification);
  return { verificationId: verification.id, expiresAt: verification.expiresAt };
}

/** Sends a code that has an account and was not sent yet. Errors: `verification_unavailable`. */
export async function sendVerification(
  { store, clock, sender }: Pick<ServiceContext, 'store' | 'clock'> & { readonly sender: VerificationSender },
  { id, accountId, code, expiresAt, sentAt }: Verification,
): Promise<void> {
  const account = accountId === undefined || sentAt !== undefined ? undefined : await store.accounts.find(accountId);
  if (account !== undefined) {
    await sender.send({ contact: await store.accounts.contactOf(account.id), accountName: account.name, code, expiresAt });
    await store.verifications.noteSent(id, clock.now());
  }
}

async function make(context: ServiceContext, terminalId: string, { key, account: reference, name }: VerificationRequest): Promise<Verification> {
  const { store, clock, random } = context;
  const now = clock.now();
  if ((await store.verifications.countSince(terminalId, new Date(now.getTime() - dayMs))) >= verificationsADay) {
    throw new LatchkeyError('verification_limit', undefined, { retryAfter: 3600 });
  }
  const found = await findOpenAccount(store, reference);
  const verification: Verification = {
    id: newId(context, 'ver'),
    terminalId,
    key,
    accountId: found?.name === name && found.kind === 'customer' ? found.id : undefined,
    code: sixDigits(random.bytes(8)),
    tries: 0,
    createdAt: now,
    expiresAt: new Date(now.getTime() + verificationLifeMs),
    sentAt: undefined,
    usedAt: undefined,
  };
  return (await store.verifications.insert(verification)) ? verification : (await store.verifications.findByKey(terminalId, key))!;
}

/** Of 64 random bits a million is so small a part that no code is likelier than another. */
function sixDigits(random: Uint8Array): string {
  return String(Buffer.from(random).readBigUInt64BE() % 1_000_000n).padStart(6, '0');
}

export interface Verified {
  readonly account: Account;
  readonly askedAt: Date;
}

/**
 * The account that the code proves, inside a transaction, which has to be committed whatever comes of it: a try is
 * counted. The refusal is returned: `verification_code_wrong`, `verification_code_over`.
 */
export async function takeVerification(context: ServiceContext, terminalId: string, id: string, code: string): Promise<Verified | LatchkeyError> {
  const { store, clock } = context;
  const given = parseVerificationCode(code);
  const verification = await store.verifications.find(id);
  const now = clock.now();
  if (verification === undefined || verification.terminalId !== terminalId || verification.usedAt !== undefined || verification.expiresAt <= now || verification.tries >= verificationTries) {
    return new LatchkeyError('verification_code_over');
  }
  if (!(await store.verifications.countTry(verification))) {
    return new LatchkeyError('verification_code_wrong', 'Two tries at once: only one counts.');
  }
  const isRight = timingSafeEqual(Buffer.from(given), Buffer.from(verification.code));
  // Looked for in any case: no time tells whether there is one.
  const account = await store.accounts.find(verification.accountId ?? '');
  if (!isRight || account === undefined || account.closedAt !== undefined) {
    return new LatchkeyError('verification_code_wrong');
  }
  return (await store.verifications.use(id, now)) ? { account, askedAt: verification.createdAt } : new LatchkeyError('verification_code_over');
}
