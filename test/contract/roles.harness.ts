import { randomBytes } from 'node:crypto';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import type { LossBearer } from '../../src/domain/credit-code.ts';
import { LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { TopUp } from '../../src/domain/top-up.ts';
import type { Role, Scope, Token } from '../../src/domain/token.ts';
import { deviceProof } from '../../src/protocol/device-key.ts';
import type { AdminRole } from '../../src/roles/admin/ports.ts';
import type { ApRole } from '../../src/roles/ap/ports.ts';
import type { BatchesRole } from '../../src/roles/batches/ports.ts';
import type { CodesRole } from '../../src/roles/codes/ports.ts';
import type { EnrollmentRole } from '../../src/roles/enrollment/ports.ts';
import type { EventsRole } from '../../src/roles/events/ports.ts';
import type { FactoryRole, Registration } from '../../src/roles/factory/ports.ts';
import type { FlashingRole } from '../../src/roles/flashing/ports.ts';
import type { Collection } from '../../src/roles/ledger/payment-provider.ts';
import type { LedgerRole } from '../../src/roles/ledger/ports.ts';
import type { NetworksRole, WitnessRole } from '../../src/roles/networks/ports.ts';
import type { OffersRole } from '../../src/roles/offers/ports.ts';
import type { MandateRole, PosRole } from '../../src/roles/pos/ports.ts';
import type { OwnerRole } from '../../src/roles/owner/ports.ts';
import type { SharingRole } from '../../src/roles/sharing/ports.ts';
import type { Store } from '../../src/roles/store.ts';
import type { VerificationMessage, VerificationSender, WalletRole } from '../../src/roles/wallet/ports.ts';
import type { StandInProvider } from './stand-in-provider.ts';

/** Moves on by a millisecond whenever it is looked at, so that whatever happens later is later. */
export class TestClock {
  #at = Date.parse('2026-11-25T08:00:00.000Z');

  now(): Date {
    this.#at += 1;
    return new Date(this.#at);
  }

  pass(ms: number): void {
    this.#at += ms;
  }
}

/** Verification codes as they leave, or do not; those of a server leave after its answer. */
export class Outbox implements VerificationSender {
  readonly sent: VerificationMessage[] = [];
  fails = false;
  /** How many did not leave. */
  failed = 0;
  readonly #waiting = new Set<() => void>();

  async send(message: VerificationMessage): Promise<void> {
    if (this.fails) {
      this.failed += 1;
    } else {
      this.sent.push(message);
    }
    this.#waiting.forEach((look) => look());
    if (this.fails) {
      throw new LatchkeyError('verification_unavailable');
    }
  }

  /** What is asked for, with the message that leaves for it. */
  async with<T>(asking: () => Promise<T>): Promise<T & { readonly message: VerificationMessage }> {
    const index = this.sent.length;
    const asked = await asking();
    await this.until(() => this.sent.length > index);
    return { ...asked, message: this.sent[index]! };
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }
}

/** What the holder of one token can do. */
export interface Holder {
  readonly token: Token;
  readonly enrollment: EnrollmentRole;
  readonly factory: FactoryRole;
  readonly flashing: FlashingRole;
  readonly batches: BatchesRole;
  readonly ap: ApRole;
  readonly owner: OwnerRole;
  readonly admin: AdminRole;
  readonly ledger: LedgerRole;
  readonly wallet: WalletRole;
  readonly pos: PosRole;
  readonly mandates: MandateRole;
  readonly codes: CodesRole;
  readonly offers: OffersRole;
  readonly events: EventsRole;
  readonly networks: NetworksRole;
  readonly witness: WitnessRole;
  readonly sharing: SharingRole;
}

/** A registry under test, empty at first, and how to get at it. */
export interface RolesHarness {
  /** The roles are asked over HTTP, where a token does only what is its role's. */
  readonly isRemote: boolean;
  /** What its services keep things in. */
  readonly store: Store;
  readonly clock: TestClock;
  readonly outbox: Outbox;
  readonly provider: StandInProvider;
  /** The provider brings news by itself. */
  hear(news: Collection): Promise<TopUp | undefined>;
  /** Asks for what is pending, as a server does now and then. */
  askForPending(): Promise<number>;
  /** What somebody has to look into. */
  readonly trouble: string[];
  hold(role: Role, scope?: Scope): Promise<Holder>;
  /** Without a token. */
  readonly nobody: EnrollmentRole;
  close(): Promise<void>;
}

/** How the registry is run. */
export interface HarnessOptions {
  readonly codeLosses?: LossBearer | undefined;
  readonly witnesses?: number | undefined;
}

export type MakeHarness = (options?: HarnessOptions) => Promise<RolesHarness>;

/** A registry under test with one of each who onboard a device. */
export async function onboardingSite(make: MakeHarness) {
  const harness = await make();
  const [factory, owner, ap] = [await harness.hold('factory'), await harness.hold('owner'), await harness.hold('ap')];
  await ap.ap.announce({ ssid: 'home', onboardingSsid: 'setup', enforcement: 'per-grant' });
  return { harness, factory, owner, ap };
}

/** The code of the error that some work ends with. */
export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  return (await errorOf(work))?.code;
}

export async function errorOf(work: Promise<unknown>): Promise<LatchkeyError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return error;
    }
    throw error;
  }
}

/** A device that is registered, with what is written into it. */
export async function register(
  { factory }: Holder,
  registration: Partial<Registration> = {},
): Promise<{ readonly uuid: string; readonly passTmp: string }> {
  const { device, passTmp } = await factory.reserve({ ssid: 'setup', ...registration });
  await factory.confirm(device.uuid);
  return { uuid: device.uuid, passTmp };
}

export function newHello(uuid: string) {
  return { uuid, deviceNonce: randomBytes(32) };
}

/** What an access point brings of a device that knows its pass_tmp, once it has asked about it. */
export async function proofOf({ uuid, passTmp }: { uuid: string; passTmp: string }, ap: Holder, hello = newHello(uuid)) {
  const { apNonce } = await ap.ap.verify(hello);
  const proof = deviceProof(passTmp, { ...hello, apNonce, apId: ap.token.apId! });
  return { ...hello, apNonce, deviceProof: proof, deviceLabel: undefined, showsCode: false, plain: false };
}

export async function request(device: { uuid: string; passTmp: string }, ap: Holder): Promise<AccessRequest> {
  return ap.ap.request(await proofOf(device, ap));
}

/** All that is on record of a device, oldest first, read in small pages. */
export async function trailOf(role: FactoryRole, uuid: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let after: string | undefined;
  do {
    const page = await role.history(uuid, { after, limit: 3 });
    entries.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return entries.toReversed();
}
