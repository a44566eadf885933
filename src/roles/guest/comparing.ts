import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { noUsage } from '../../domain/grant.ts';
import { jwkThumbprint, type AccessCode } from '../../protocol/access-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import { signReading } from '../../protocol/meter-reading.ts';
import type { SharingRole } from '../sharing/ports.ts';
import { patiently, type AwaitingContext } from './awaiting.ts';
import type { GuestPurchase, KeptKeys, PurchaseJournal } from './ports.ts';

export interface ComparingContext extends Pick<AwaitingContext, 'signal' | 'onAway'> {
  readonly sharing: Pick<SharingRole, 'show' | 'read' | 'reportMismatch' | 'end'>;
  readonly clock: Clock;
  readonly journal: PurchaseJournal;
  readonly keys: KeptKeys;
  /** Asks the sharer's side, on the shared network, to which key the code was sealed. */
  thumbprint(requestId: string, code: AccessCode): Promise<string>;
}

/**
 * Finds out a server that has put in a key of its own: asks the sharer's side, once on its network. What it says is written
 * down; a mismatch is told to the server until it has heard it, which revokes the access and gives the money back.
 * Errors: `access_code_mismatch`; those of `thumbprint`, after which nothing is known.
 */
export async function compare(context: ComparingContext, purchase: GuestPurchase): Promise<GuestPurchase> {
  const { journal, keys } = context;
  const kept = await keys.get(purchase.key);
  if (purchase.requestId === undefined || kept?.code === undefined) {
    throw new LatchkeyError('access_code_pending', 'There is no access code yet.');
  }
  const compared = purchase.compared ?? (await asked(context, purchase.requestId, kept.code, await jwkThumbprint(kept.accessKey)));
  const noted = purchase.compared === undefined ? await journal.note(purchase.key, { compared }) : purchase;
  if (compared.isSame) {
    return noted;
  }
  await readFirst(context, purchase.requestId, kept.meterSeed);
  await told(context, purchase.requestId, compared.thumbprint);
  await keys.remove(purchase.key);
  await journal.note(purchase.key, { isOver: true });
  throw new LatchkeyError('access_code_mismatch', `The sharer has sealed the access code of request ${purchase.requestId} to another key than this terminal’s.`);
}

/** Where nobody else counts, all that was bought would count as used by who has not said that nothing was. */
async function readFirst({ sharing, clock, ...context }: ComparingContext, requestId: string, meterSeed: Uint8Array): Promise<void> {
  const { state, grantId } = await patiently(context, () => sharing.show(requestId));
  if (grantId === undefined || (state !== 'ready' && state !== 'active')) {
    return;
  }
  // What `use` has counted since stays counted.
  const reading = { ...noUsage, at: clock.now(), isFinal: false };
  const signature = signReading({ ...reading, grantId, side: 'guest' }, newEd25519(meterSeed).privateKey);
  await patiently(context, () => sharing.read(requestId, { ...reading, signature })).catch((refusal: unknown) => {
    if (!(refusal instanceof LatchkeyError) || refusal.code !== 'share_request_over') throw refusal;
  });
}

/** Of what was paid long ago not all goes back any more; it ends all the same. */
async function told({ sharing, ...context }: ComparingContext, requestId: string, thumbprint: string): Promise<void> {
  try {
    await patiently(context, () => sharing.reportMismatch(requestId, thumbprint));
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'share_request_over') {
      throw error;
    }
    await patiently(context, () => sharing.end(requestId)).catch((refusal: unknown) => {
      if (!(refusal instanceof LatchkeyError) || refusal.code !== 'share_request_over') throw refusal;
    });
  }
}

async function asked({ thumbprint }: ComparingContext, requestId: string, code: AccessCode, own: string): Promise<NonNullable<GuestPurchase['compared']>> {
  const said = await thumbprint(requestId, code);
  return { isSame: said === own, thumbprint: said };
}
