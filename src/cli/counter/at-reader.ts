import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import { asSentence } from '../../domain/shown-text.ts';
import type { Waiting, WaitingEvent } from '../../roles/pos/counter-desk.ts';
import type { Served } from '../../roles/pos/counter.ts';
import type { CounterGuard } from '../cards/register-guard.ts';
import { handOver, isOnScreen, wantsFiles, type CredentialFileFlags, type ShownFlags } from '../credential-output.ts';
import type { HandedOver } from '../present/credentials.ts';
import { receiptToWire, settledChargeSentence, tapToWire, type TapWire } from '../present/sales.ts';
import { afterCharge, chargeStands, passwordFailure, type AfterCharge } from './after-charge.ts';
import type { AtCounter } from './charge-at-counter.ts';
import { openCharges, type Counter } from './open-counter.ts';
import { openTapping, type Tapping } from './open-desk.ts';

export interface ReaderFlags {
  readonly reader?: string | undefined;
}

export interface ReaderOptions {
  /** The register's security check. */
  readonly guard: CounterGuard;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => void;
  /** What is waited for. */
  readonly note: (text: string) => void;
}

export interface TapChargeFlags extends CredentialFileFlags, ReaderFlags {
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly 'mandate-ok': boolean;
  readonly credential: boolean;
  readonly 'idempotency-key'?: string | undefined;
}

const passwordAtReader: AfterCharge = { failure: passwordFailure, wayOut: 'Have the card held to the register once more.' };

/** Waits until a card or phone that is held to the register pays. Errors: `charge_open`, `timed_out`, those of the reader. */
export async function chargeAtReader(counter: Counter, flags: TapChargeFlags, options: ReaderOptions): Promise<AtCounter> {
  const { amount, memo, 'idempotency-key': key = randomBytes(16).toString('base64url'), 'mandate-ok': takesMandate } = flags;
  // What its security check asks is for who opens the charge to answer: at the reader nobody can. What is paid already is not judged again.
  if (flags['idempotency-key'] === undefined || (await openCharges(counter, options.caution, options.guard).earlier(key)) === undefined) {
    await options.guard.foresee(key, amount, takesMandate ? ['wallet', 'mandate'] : ['wallet']);
  }
  const control = await openTapping(counter, tapping(flags, options));
  const served = await control.charge({ key, amount, memo, takesMandate }, told(options));
  const { charged, isDelivered, trouble } = served;
  if (charged === undefined) {
    throw new LatchkeyError('bad_reply', 'The register’s agent does not say what was charged.');
  }
  const onScreen = flags.credential || (!isDelivered && !wantsFiles(flags));
  const handing = await afterCharge(passwordAtReader, () => handedOver(served, flags, { onScreen }));
  const before = trouble && chargeStands(passwordAtReader, trouble);
  return {
    receipt: receiptToWire({ charged, handedOver: handing.done, isDelivered }, new Date()),
    troubles: [before, handing.trouble].filter((text) => text !== undefined),
  };
}

/** Waits until somebody on the permission list comes to the reader. Errors: why they are not, those of the reader and of a tag. */
export async function tapAtReader(
  counter: Counter,
  flags: ShownFlags & ReaderFlags & { readonly 'write-tag': boolean },
  options: ReaderOptions,
): Promise<TapWire> {
  const control = await openTapping(counter, tapping(flags, options));
  const served = await control.tap({ writesTag: flags['write-tag'] }, told(options));
  const { grant, isDelivered, trouble } = served;
  if (grant === undefined) {
    throw trouble ?? new LatchkeyError('not_permitted');
  }
  const { format, qr } = flags;
  const onScreen = isOnScreen(flags) && (!isDelivered || qr || format !== 'text');
  const tap = tapToWire(grant, await handedOver(served, flags, { format, onScreen }), new Date(), isDelivered);
  if (trouble !== undefined) {
    throw trouble;
  }
  return tap;
}

/** What the wallet has got already is shown and written only where that is asked for. */
async function handedOver({ credential }: Served, flags: CredentialFileFlags, options: Parameters<typeof handOver>[2]): Promise<HandedOver> {
  return credential === undefined || (!options.onScreen && !wantsFiles(flags)) ? {} : handOver(credential, flags, options);
}

function tapping({ reader }: ReaderFlags, { guard, signal, caution }: ReaderOptions): Tapping {
  return { guard, reader, signal, onSettled: (charge) => caution(settledChargeSentence(charge)) };
}

/** As it happens: who waits at the counter is to know why nothing comes of a card. */
function told({ signal, caution, note }: ReaderOptions): Waiting {
  return {
    signal,
    onEvent(event) {
      switch (event.kind) {
        case 'waiting':
          return note(waitingSentence(event));
        case 'refused':
          return caution(whatToDo(event.error));
        case 'reader':
          return event.state.kind === 'ready' ? note('The reader is back.') : caution(`The reader is away. ${whatToDo(event.state.error)}`);
      }
    },
  };
}

function whatToDo({ message, hint }: LatchkeyError): string {
  return `${asSentence(message)} ${hint}`;
}

function waitingSentence({ for: what, hasReader }: Extract<WaitingEvent, { kind: 'waiting' }>): string {
  switch (what) {
    case 'charge':
      return hasReader ? 'Waiting for a card or phone that pays.' : 'Waiting for a phone on the shop’s network that pays; there is no reader.';
    case 'access':
      return 'Waiting for a card or phone.';
    case 'tag':
      return 'Waiting for the tag that is to be written.';
  }
}
