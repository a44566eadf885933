/**
 * pending → approved | denied | expired; approved → delivered (the password was read) → joined | declined
 * (protocol.md section 1, states).
 */
export type RequestStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'delivered' | 'joined' | 'declined';
export const requestStatuses = [
  'pending', 'approved', 'denied', 'expired', 'delivered', 'joined', 'declined',
] as const satisfies readonly RequestStatus[];

/** What has become of an approved one at its device, as the agent tells the server. */
export const deviceReports = ['delivered', 'joined', 'declined'] as const satisfies readonly RequestStatus[];
export type DeviceReport = (typeof deviceReports)[number];

export interface AccessRequest {
  readonly id: string;
  readonly uuid: string;
  readonly apId: string;
  readonly status: RequestStatus;
  /** What the device says of itself: shown as that, escaped. */
  readonly deviceLabel: string | undefined;
  /** Four digits that device and owner compare; only for devices that can show them. */
  readonly matchCode: string | undefined;
  /** The registry's word about the device. */
  readonly model: string | undefined;
  readonly batch: string | undefined;
  readonly label: string | undefined;
  readonly weak: boolean;
  /** The literal exchange was used: pass_tmp crossed the onboarding network as it is. */
  readonly plain: boolean;
  /** The device announced itself by DPP: it proves to be the one only when it takes the password. */
  readonly dpp: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedAt: Date | undefined;
  /** Who decided: as `recordedActor` writes it, `auto` or `superseded`. */
  readonly decidedBy: string | undefined;
  readonly reason: string | undefined;
  readonly grantId: string | undefined;
  readonly deliveredAt: Date | undefined;
  readonly joinedAt: Date | undefined;
  /** The access point's revision at which this last changed. */
  readonly revision: number;
}

/** A pending request waits this long for its owner; an approved one may be read and retried this long. */
export const requestLifetimeMs = 3_600_000;
export const helloLifetimeMs = 60_000;

const followers: Record<RequestStatus, readonly RequestStatus[]> = {
  pending: ['approved', 'denied', 'expired'],
  approved: ['delivered', 'joined', 'declined', 'expired'],
  delivered: ['joined', 'declined', 'expired'],
  denied: [],
  expired: [],
  joined: [],
  declined: [],
};

export function mayFollow(from: RequestStatus, to: RequestStatus): boolean {
  return followers[from].includes(to);
}

/** Approved, and nothing has ended it since. */
export function isGranted(status: RequestStatus): boolean {
  return status === 'approved' || status === 'delivered' || status === 'joined';
}

export function isPending({ status }: AccessRequest): boolean {
  return status === 'pending';
}

/** Approved for a device that was only announced, by DPP, and has taken nothing yet. */
export function isUnproven({ dpp, status }: AccessRequest): boolean {
  return dpp && status === 'approved';
}
