import type { Enforcement, Grant, GrantUsage } from '../../domain/grant.ts';
import type { Credential } from '../device/ports.ts';

/** A grant as the radio is to enforce it. */
export interface GrantOnAir {
  readonly grant: Grant;
  /** Its quota is spent and its policy is to restrict: its subject reaches the agent alone. */
  readonly restricted: boolean;
  readonly vlan: number | undefined;
  /** The address by which its subject was last seen. */
  readonly mac: string | undefined;
}

/** A station on the network, with the counters of its present association. */
export interface Station {
  /** The interface of its BSS. */
  readonly bss: string;
  readonly mac: string;
  /** The grant whose password it used; undefined where the radio cannot tell. */
  readonly grantId: string | undefined;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly seconds: number;
  readonly signalDbm: number | undefined;
  /** The rate of the last frame from it and to it, in kbit/s. */
  readonly rateInKbps: number | undefined;
  readonly rateOutKbps: number | undefined;
}

export interface RadioStatus {
  readonly kind: string;
  readonly enforcement: Enforcement;
  /** What is wrong with it, and since when; undefined while the radio is in step with the grants. */
  readonly trouble: { readonly detail: string; readonly hint: string | undefined; readonly since: Date } | undefined;
  /** How often it could not be brought in step since the agent started. */
  readonly failures: number;
  /** What a radio that asks was asked itself since the agent started, by names in snake_case. */
  readonly counters?: Readonly<Record<string, number>> | undefined;
}

export type RadioEvent =
  | { readonly kind: 'joined'; readonly bss: string; readonly mac: string; readonly grantId: string | undefined }
  /** All stations are about to drop for a moment, in so many milliseconds; 0 is now. */
  | { readonly kind: 'dropping'; readonly inMs: number }
  /** Something else may have changed what the radio has: it is to be brought in step again. */
  | { readonly kind: 'disturbed' };

/** A device that announces itself by DPP, as it was heard. */
export interface DppAnnouncement {
  /** Which of its keys: `chirpHash`. */
  readonly hash: Uint8Array;
  readonly bss: string;
  readonly mac: string;
  readonly frequencyMhz: number;
}

/** Gives devices their network by Wi-Fi Easy Connect (DPP). */
export interface DppConfigurator {
  /** Hears who announces itself from now on. */
  onAnnouncement(listener: (announcement: DppAnnouncement) => void): void;
  /**
   * Has the device prove that it has the private half of `publicKey` (33 bytes), and then gives it the credential.
   * Resolves to whether it took it. Errors: `radio_unreachable`.
   */
  configure(device: DppAnnouncement, publicKey: Uint8Array, credential: Credential): Promise<boolean>;
}

export interface Shortfall {
  /** For people, as is what to do about it. */
  readonly detail: string;
  readonly hint: string;
  /** Grants whose subjects the radio does not let in, if there are any. */
  readonly offAir?: ReadonlySet<string>;
}

/** Where grants are enforced. */
export interface Radio {
  readonly kind: string;
  readonly enforcement: Enforcement;
  /** What the subject of a grant needs to get on. */
  credential(grant: Grant): Promise<Credential>;
  close(): Promise<void>;
}

/**
 * A radio that is told beforehand. The agent brings it in step with the grants that are in force, at its start, at
 * every change and every few seconds; a grant is shown to its device only after `converge` resolved with it.
 */
export interface PushedRadio extends Radio {
  /** Where it configures devices itself. */
  readonly dpp?: DppConfigurator | undefined;
  /**
   * Resolves to what is not as the grants say, where the radio could do no better than to keep those concerned off the
   * air. Errors: `radio_unreachable`, those of the files that it writes.
   */
  converge(wanted: readonly GrantOnAir[]): Promise<Shortfall | undefined>;
  /** Errors: `radio_unreachable`. */
  stations(): Promise<readonly Station[]>;
  /** Hears what happens on the air from now on. */
  watch(listener: (event: RadioEvent) => void): void;
}

/**
 * A radio that asks when a station comes, and says what each session has used. It is told nothing beforehand; sessions of
 * grants that end or change meanwhile are ended or changed one by one.
 */
export interface AskedRadio extends Radio {
  /** Where stations reach the agent alone; undefined: there is no such VLAN, and they are not let in. */
  readonly restrictedVlan: number | undefined;
  readonly counters: Readonly<Record<string, number>>;
  /** Asks `agent` from now on. Errors: `invalid_input` (where it would listen). */
  open(agent: AskedAgent): Promise<void>;
  /** Resolves when the session is over. Errors: `radio_unreachable` (nobody answers there, or refuses). */
  end(session: Session): Promise<void>;
  /** Resolves to whether the session goes on so, or had to be ended for it. Errors: `radio_unreachable`. */
  change(session: Session, terms: SessionTerms): Promise<boolean>;
}

/** What a radio that asks is answered, and whom it tells. What fails is not answered. */
export interface AskedAgent {
  /** Undefined: it is not let in. At once, for everybody else waits. Errors: those of the store. */
  admit(station: { readonly mac: string; readonly ssid: string | undefined }): GrantedSession | undefined;
  /** Resolves when it is durable. The same may come again, and late. */
  account(report: SessionReport): Promise<void>;
  /** An access point that has none of its sessions any more. */
  restarted(accessPoint: AccountingAccessPoint): Promise<void>;
}

export interface SessionTerms {
  readonly vlan: number | undefined;
  /** Seconds from now after which the session ends; undefined: none. */
  readonly sessionTimeoutS: number | undefined;
}

/** With what a station is let in. */
export interface GrantedSession extends SessionTerms {
  readonly grantId: string;
  readonly password: string;
  /** Its subject reaches the agent alone. */
  readonly restricted: boolean;
  /** Seconds after which we want to hear of the session again. */
  readonly interimS: number;
}

/** An access point as it accounts for sessions. */
export interface AccountingAccessPoint {
  /** Its name here; several may have it. */
  readonly nas: string;
  readonly nasAddress: string;
  /** Of several that have the address. */
  readonly nasIdentifier: string | undefined;
}

/** Counters are those of the session so far. */
export interface SessionReport extends AccountingAccessPoint, GrantUsage {
  readonly kind: 'start' | 'interim' | 'stop';
  /** Unique at its access point. */
  readonly sessionId: string;
  readonly mac: string;
  /** Undefined where the access point does not say. */
  readonly ssid: string | undefined;
  /** As it was let in; undefined where the access point does not say. */
  readonly grantId: string | undefined;
  readonly restricted: boolean;
  /** By the access point's own clock, in whole seconds; undefined where it does not say. */
  readonly happenedAt: Date | undefined;
}

/** A station's session, with how far its counters have been read. Access point's address, its own id and MAC name it. */
export interface Session extends AccountingAccessPoint, GrantUsage {
  readonly sessionId: string;
  readonly mac: string;
  readonly grantId: string | undefined;
  readonly restricted: boolean;
  readonly heardAt: Date;
  /** Of what is known of it, by its access point's clock. */
  readonly happenedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** It went with a restart of its access point, which may give its id to another one. */
  readonly lost: boolean;
}
