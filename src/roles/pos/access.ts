import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import { subjectMac, subjectTokenMs } from '../../protocol/subject-token.ts';
import { endGrant } from '../grants/ending.ts';
import { redeemFor, timeIsOver } from '../grants/permission.ts';
import { within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { Claim } from './ports.ts';
import { registerOf } from './registration.ts';
import { parsePhoneToken, subjectOf } from './subjects.ts';

/** Errors: as `PosRole.access`. */
export async function accessFor(service: ServiceContext, claim: Claim): Promise<Grant> {
  const outcome = await service.store.transaction(async (tx): Promise<Grant | LatchkeyError> => {
    const context = within(service, tx);
    const { apId } = await registerOf(context);
    const subject = claim.kind === 'terminal' ? await provenTerminal(context, apId, claim.token) : await subjectOf(context, claim);
    const phone = claim.kind === 'receipt' ? await subjectOf(context, { kind: 'phone', token: parsePhoneToken(claim.phoneToken) }) : undefined;
    const find = () => (phone === undefined ? tx.grants.permission(apId, subject) : ofReceipt(tx, apId, subject, phone));
    const now = context.clock.now();
    let found = await find();
    const changes = found !== undefined && (found.subject.kind === 'receipt' || timeLeft(found, now) === 0);
    const revision = changes ? await tx.accessPoints.nextRevision(apId) : 0;
    if (changes) {
      // Others may have added to it, or redeemed the code, until the row was taken.
      found = await find();
    }
    if (found === undefined) {
      return new LatchkeyError(claim.kind === 'receipt' ? 'receipt_code_invalid' : 'not_permitted');
    }
    if (timeLeft(found, now) === 0) {
      await endGrant(context, found.id, revision, { at: found.endsAt!, reason: timeIsOver });
      return new LatchkeyError('time_used_up');
    }
    if (found.state === 'paused') {
      return new LatchkeyError('grant_paused');
    }
    return phone === undefined || found.subject.kind !== 'receipt' ? found : redeemFor(context, found, phone, revision);
  });
  // With what it changed on the disk.
  if (outcome instanceof LatchkeyError) {
    throw outcome;
  }
  return outcome;
}

/** What a receipt code stands for while nobody has redeemed it, and afterwards for the phone that has. */
async function ofReceipt({ grants, sales }: Store, apId: string, receipt: Grant['subject'], phone: Grant['subject']): Promise<Grant | undefined> {
  const sold = await grants.permission(apId, receipt);
  if (sold !== undefined) {
    return sold;
  }
  const [grantId, standing] = [await sales.grantOfReceipt(receipt.id), await grants.permission(apId, phone)];
  return standing?.id === grantId ? standing : undefined;
}

/** Errors: `not_permitted`. */
async function provenTerminal(context: ServiceContext, apId: string, token: Extract<Claim, { kind: 'terminal' }>['token']): Promise<Grant['subject']> {
  const { accountId, terminalId, codeNumber, at, mac } = token;
  const binding = await context.store.bindings.find(accountId, terminalId);
  const isNow = Math.abs(context.clock.now().getTime() - at.getTime()) <= subjectTokenMs;
  const right = subjectMac(binding?.code ?? new Uint8Array(32), { accountId, terminalId, apId, at });
  const isRight = mac.length === right.length && timingSafeEqual(mac, right);
  if (binding === undefined || binding.codeNumber !== codeNumber || !isNow || !isRight) {
    throw new LatchkeyError('not_permitted', 'The terminal did not prove which it is.', { hint: 'Have it settle what is pending (`latchkey account status`), and check its clock.' });
  }
  return { kind: 'terminal', id: terminalId };
}
