import { setTimeout as delay } from 'node:timers/promises';
import type { CounterClient, PhoneAnswer } from '../../client/counter-client.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { isFinalRefusal, parseIdentityCode } from '../../domain/payment.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { CardApplication } from '../../protocol/card-application.ts';
import type { DeliveredCredential, PaymentOutcome } from '../../protocol/card-messages.ts';
import { walletDecline, type WalletDecline } from '../../protocol/wallet-decline.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { WalletGuard } from '../../roles/card/ports.ts';
import { authoriseFor, cardWallet, type CardWalletContext } from '../../roles/wallet/card-wallet.ts';
import type { Payer } from '../../roles/wallet/payer.ts';
import type { BindingStatus, WalletRole } from '../../roles/wallet/ports.ts';
import { AccountGuard } from '../cards/wallet-guard.ts';
import { handOver, isOnScreen, type ShownFlags } from '../credential-output.ts';
import { readAuthorities, type RoleFlags } from '../destination.ts';
import { toLatchkeyError } from '../failure.ts';
import type { Opening } from '../open-role.ts';
import { settledSentence } from '../present/wallet.ts';
import { walletTapToWire, type WalletTapWire } from '../present/wallet-taps.ts';
import { readSecret } from '../secret-input.ts';
import { boundAccount, openPayer, withAccount } from './open-payer.ts';

export interface WalletTapFlags extends RoleFlags, ShownFlags {
  readonly pos?: string | undefined;
  readonly 'pos-ca'?: string | undefined;
  readonly 'insecure-http': boolean;
  readonly reader?: string | undefined;
  readonly uid?: Uint8Array | undefined;
  readonly keep: boolean;
  readonly account?: string | undefined;
  readonly access: boolean;
  readonly max?: Amount | undefined;
  readonly yes: boolean;
  readonly 'identity-code-file'?: string | undefined;
}

export interface WalletTapOptions extends Opening {
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  readonly ask: (question: string) => Promise<boolean>;
  readonly caution: (text: string) => Promise<void>;
  readonly note: (text: string) => Promise<void>;
  /** One tap of several, with --keep. */
  readonly stream: (tap: WalletTapWire) => Promise<void>;
}

interface Phone {
  readonly flags: WalletTapFlags;
  readonly options: WalletTapOptions;
  readonly payer: Payer;
  readonly account: BindingStatus;
  readonly context: CardWalletContext;
}

/** By these nothing is charged for the order, now or later. */
const refusals: readonly ErrorCode[] = ['charge_over', 'account_locked', 'not_bound', 'idempotency_mismatch', 'invalid_input', 'service_terminated', 'answer_needed'];
const waitS = 25;
/** A register that does not hear it waits on. */
const toldWithinMs = 2_000;
/** How long after it has paid a register may take to ask whether this phone wants access, and then to have a password. */
const [asksWithinMs, deliversWithinMs] = [3_000, 20_000];
/** A hand takes longer to take a phone away. */
const lingerMs = 300;
const readerForm = /^vpcd(?::([^:\s]{1,253}|\[[0-9A-Fa-f:]+\]))?(?::(\d{1,5}))?$/;

/** Holds this terminal to a cash register. Errors: `missing_input`, why it was refused, and what leaves a payment open. */
export async function tapWallet(flags: WalletTapFlags, options: WalletTapOptions): Promise<WalletTapWire | undefined> {
  if ((flags.pos === undefined) === (flags.reader === undefined)) {
    throw new LatchkeyError('missing_input', 'Say where the cash register is: --pos URL, or --reader vpcd:HOST:PORT.');
  }
  const { wallet, payer } = await openPayer(flags, options);
  const account = await boundAccount(wallet, flags.account);
  const guard = new AccountGuard({ ...options, role: wallet, payer, accountId: account.accountId });
  await settle(payer, account, guard, options);
  const context = contextOf({ flags, options, wallet, payer, account, guard });
  const phone: Phone = { flags, options, payer, account, context };
  return flags.pos === undefined ? atReader(phone, flags.reader!) : atCounter(phone, await openCounterClient(flags.pos, flags, options));
}

/** What the last tap, or any payment, left open: by it this terminal’s code has changed. While the server is away, that has to wait. */
async function settle(payer: Payer, { accountId }: BindingStatus, guard: WalletGuard, { caution }: WalletTapOptions): Promise<void> {
  try {
    const settled = await withAccount(accountId, async () => {
      try {
        return await payer.settle(accountId);
      } finally {
        await guard.reconcile();
      }
    });
    if (settled !== undefined) {
      await caution(settledSentence(settled));
    }
  } catch (error) {
    if (!isServerAway(error)) {
      throw error;
    }
  }
}

function contextOf({ flags, options, wallet, payer, account, guard }: Omit<Phone, 'context'> & { readonly wallet: WalletRole; readonly guard: WalletGuard }): CardWalletContext {
  let typed: Promise<string> | undefined;
  return {
    payer,
    wallet,
    account,
    exclusively: (work) => withAccount(account.accountId, work),
    guard,
    confirm: async ({ payee, amount, memo }) => {
      requireWithin(flags.max, amount);
      if (flags.yes) {
        return;
      }
      const question = `Pay ${amountText(amount)} to ${payee.name}${memo === undefined ? '' : ` (${memo})`}?`;
      if (!options.interactive) {
        throw new LatchkeyError('answer_needed', question, { hint: 'Run it where somebody can answer, or with --yes and --max.' });
      }
      if (!(await options.ask(question))) {
        throw new LatchkeyError('card_refused', 'Nothing was paid.');
      }
    },
    identityCode: () =>
      (typed ??= readSecret({ name: 'identity-code', file: flags['identity-code-file'], message: 'Identity code:', ...options.sources }).then((code) => parseIdentityCode(code.normalize('NFC')))),
    onOutcome: () => {},
    onCredential: () => {},
    failed: () => {},
  };
}

/** Errors: `card_refused`. */
function requireWithin(max: Amount | undefined, amount: Amount): void {
  if (max !== undefined && (amount.currency !== max.currency || amount.minor > max.minor)) {
    throw new LatchkeyError('card_refused', `${amountText(amount)} is more than --max ${amountText(max)} allows.`, { hint: 'Nothing was paid. Tap again with a larger --max, or without.' });
  }
}

async function openCounterClient(url: string, flags: WalletTapFlags, { closing, timeoutMs }: WalletTapOptions): Promise<CounterClient> {
  const [{ HttpClient }, { CounterClient }] = await Promise.all([import('../../client/http-client.ts'), import('../../client/counter-client.ts')]);
  const http = new HttpClient({ url, ca: readAuthorities(flags['pos-ca'], '--pos-ca'), timeoutMs, allowInsecureHttp: flags['insecure-http'] });
  closing.defer(() => http.close());
  return new CounterClient(http);
}

async function atCounter(phone: Phone, counter: CounterClient): Promise<WalletTapWire> {
  const { flags, options, payer, account, context } = phone;
  const { accountId, terminalId } = account;
  if (flags.access) {
    const { apId, network } = await counter.open(0, options.signal);
    const undo = await context.guard.access({ apId, network });
    return tapped(phone, undefined, await refusable(undo, async () => counter.access(await payer.claim({ accountId, terminalId, apId })), options));
  }
  const { order, registerId } = await openOrder(counter, options);
  const { key, amount, memo, payeeId } = order;
  const { password, codeNumber } = await orDeclined(key, counter, options, () => authoriseFor(context, { payeeId, amount, key, registerId, memo }));
  let answer: PhoneAnswer;
  try {
    answer = await counter.pay(key, { accountId, terminalId, codeNumber, password });
  } catch (error) {
    if (error instanceof LatchkeyError && (isFinalRefusal(error.code) || refusals.includes(error.code))) {
      await context.exclusively(async () => {
        await payer.told(accountId, key, { kind: 'refused' });
        await context.guard.reconcile();
      });
    }
    throw error;
  }
  await context.exclusively(async () => {
    await payer.told(accountId, key, { kind: 'accepted', renewal: answer.reply?.renewal });
    await context.guard.reconcile();
  });
  return tapped(phone, key, answer);
}

/** Whom the register refuses is not let in. Where its answer is lost they may have been. */
async function refusable<T>(undo: () => Promise<void>, work: () => Promise<T>, { caution }: WalletTapOptions): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LatchkeyError && !isServerAway(error)) {
      await undo().catch((trouble: unknown) => caution(`What the security check has counted could not be given back. ${toLatchkeyError(trouble).message}`));
    }
    throw error;
  }
}

/** Who waits at the register hears that this phone does not pay, also where it is interrupted. */
async function orDeclined<T>(key: string, counter: CounterClient, { closing }: WalletTapOptions, work: () => Promise<T>): Promise<T> {
  let reason: WalletDecline | undefined = 'card_refused';
  closing.defer(async () => {
    if (reason !== undefined) {
      await counter.declined(key, reason, AbortSignal.timeout(toldWithinMs)).catch(() => {});
    }
  });
  try {
    const done = await work();
    reason = undefined;
    return done;
  } catch (error) {
    reason = walletDecline(error);
    throw error;
  }
}

async function openOrder(counter: CounterClient, { signal, note }: WalletTapOptions) {
  for (let said = false; ; said = true) {
    const { order, registerId } = await counter.open(said ? waitS : 0, signal);
    if (order !== undefined) {
      return { order, registerId };
    }
    signal.throwIfAborted();
    if (!said) {
      await note('Nothing is to be paid yet; waiting.');
    }
  }
}

type Answer = { readonly [K in 'credential' | 'endsAt' | 'leftMs' | 'trouble']?: PhoneAnswer[K] | undefined };

async function tapped({ flags, payer, account: { accountId } }: Phone, key: string | undefined, answer: Answer): Promise<WalletTapWire> {
  const { credential, endsAt, leftMs, trouble } = answer;
  return walletTapToWire({
    accountId,
    payment: key === undefined ? undefined : await payer.known(accountId, key),
    endsAt,
    leftMs,
    handedOver: credential === undefined ? {} : await handOver(credential, flags, { format: flags.format, onScreen: isOnScreen(flags) }),
    trouble,
  });
}

/** What happens in one tap. */
interface Tap {
  readonly outcome: PaymentOutcome | undefined;
  readonly credential: (Credential & { readonly endsAt?: Date | undefined }) | undefined;
}

async function atReader(phone: Phone, reader: string): Promise<WalletTapWire | undefined> {
  const address = parseReader(reader);
  const { flags, options } = phone;
  const away = new AbortController();
  const signal = AbortSignal.any([options.signal, away.signal]);
  const { holdToVirtualReader } = await import('../../nfc/virtual-card.ts');
  const taps = new Taps(phone);
  const holding = holdToVirtualReader(taps.card, address, { uid: flags.uid, signal });
  const gone = holding.then(() => {
    throw new LatchkeyError('card_removed', 'The reader is gone.');
  });
  try {
    for (;;) {
      const { outcome, credential } = await Promise.race([taps.next(), gone]);
      if (outcome?.status === 'refused' && !flags.keep) {
        throw new LatchkeyError(outcome.reason);
      }
      const wire = await tapped(phone, outcome?.idempotencyKey, { credential, endsAt: credential?.endsAt });
      if (!flags.keep) {
        return wire;
      }
      await options.stream(wire);
    }
  } finally {
    // The register has still to hear that the last command is done.
    await Promise.race([delay(lingerMs, undefined, { ref: false }), holding.catch(() => {})]);
    away.abort();
    await holding.catch(() => {});
  }
}

/** The card, and what came of each tap. */
class Taps {
  readonly card: CardApplication;
  #outcome: PaymentOutcome | undefined;
  #credential: DeliveredCredential | undefined;
  #isAsked = false;
  #failure: unknown;
  #changed = Promise.withResolvers<void>();
  readonly #caution: (text: string) => Promise<void>;

  constructor({ flags, options, context }: Phone) {
    this.#caution = options.caution;
    const handler = cardWallet({
      ...context,
      onOutcome: (outcome) => {
        this.#outcome = outcome;
        this.#tell();
      },
      onCredential: (credential) => {
        this.#credential = credential;
        this.#tell();
      },
      failed: (error) => {
        this.#failure = error;
        this.#tell();
      },
    });
    const { failed } = handler;
    const pay = handler.pay!;
    const access = handler.access!;
    this.card = new CardApplication({
      ...(flags.access ? {} : { pay: { ...pay, authorise: (request) => this.#noting(() => pay.authorise(request)) } }),
      access: { ...access, request: (request) => this.#asked(() => access.request(request)) },
      failed,
    });
  }

  /** Errors: what this wallet refuses for. */
  async next(): Promise<Tap> {
    for (;;) {
      const { promise } = this.#changed;
      const isPaid = this.#outcome !== undefined && this.#outcome.status !== 'refused';
      if (this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        if (!isPaid || !(failure instanceof LatchkeyError)) {
          throw failure;
        }
        await this.#caution(`It is paid, but there is no Wi-Fi password. ${failure.message}`);
        return this.#taken();
      }
      if (this.#credential !== undefined || this.#outcome?.status === 'refused') {
        return this.#taken();
      }
      const patience = isPaid ? (this.#isAsked ? deliversWithinMs : asksWithinMs) : undefined;
      const isOver = patience !== undefined && (await Promise.race([promise.then(() => false), delay(patience, true, { ref: false })]));
      if (isOver) {
        return this.#taken();
      }
      if (patience === undefined) {
        await promise;
      }
    }
  }

  async #noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failure ??= error;
      this.#tell();
      throw error;
    }
  }

  #asked<T>(work: () => Promise<T>): Promise<T> {
    this.#isAsked = true;
    this.#tell();
    return work();
  }

  #taken(): Tap {
    const tap = { outcome: this.#outcome, credential: this.#credential };
    this.#outcome = undefined;
    this.#credential = undefined;
    this.#isAsked = false;
    return tap;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** `vpcd:HOST:PORT`, or less. Errors: `invalid_input`. */
function parseReader(text: string): { readonly host: string; readonly port: number } | { readonly path: string } {
  if (text.startsWith('vpcd:/')) {
    return { path: text.slice('vpcd:'.length) };
  }
  const [whole, host = '127.0.0.1', port = '35963'] = readerForm.exec(text) ?? [];
  if (whole === undefined || Number(port) > 65_535) {
    throw new LatchkeyError('invalid_input', '--reader: this terminal is held to virtual readers, such as vpcd:127.0.0.1:35963.');
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
