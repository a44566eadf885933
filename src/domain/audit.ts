/** What the audit log and a device's history record; closed, so that readers can rely on it. */
export const auditActions = [
  'server.initialised', 'server.rekeyed', 'server.backed_up',
  'token.created', 'token.revoked', 'enroll_code.created', 'enroll_code.used',
  'device.reserved', 'device.registered', 'device.revealed', 'device.compared', 'device.flashed', 'device.flash_failed', 'device.key_made',
  'device.revoked', 'device.reset', 'batch.revoked',
  'device.asked', 'device.refused',
  'request.created', 'request.approved', 'request.denied', 'request.expired',
  'request.delivered', 'request.joined', 'request.declined',
  'grant.created', 'grant.increased', 'grant.revoked', 'grant.ended',
  'account.opened', 'account.closed', 'account.unlocked', 'account.bound', 'account.code_unsent', 'topup.refund_due',
  'account.credit_set', 'account.suspended', 'account.reinstated',
  'code.issued', 'code.revoked', 'code_key.made', 'code_key.revoked',
  'service.terminated',
  'network.claimed', 'network.proven', 'network.refused', 'network.suspended', 'network.served',
  'offer.made', 'offer.changed', 'offer.paused', 'offer.resumed', 'offer.withdrawn',
  'share.held', 'share.approved', 'share.ready', 'share.active', 'share.ending', 'share.ended', 'share.refused', 'share.expired', 'share.cancelled',
  'share.returned', 'share.disputed',
] as const;
export type AuditAction = (typeof auditActions)[number];

export interface AuditEntry {
  /** Position in the log; gaps are possible, order is that of insertion. */
  readonly id: bigint;
  readonly at: Date;
  /** As `recordedActor` writes it. */
  readonly actor: string;
  readonly action: AuditAction;
  /** The device that it is about, if one. */
  readonly uuid: string | undefined;
  readonly apId: string | undefined;
  /** Other things that it is about: request_id, grant_id, token_id, reason, from … never a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
  /** The devices, if an access point asked about several at once: one entry stands for them all. */
  readonly asked?: readonly AskedDevice[] | undefined;
}

/** One device of those that an access point asked about. */
export interface AskedDevice {
  readonly uuid: string;
  readonly at: Date;
  /** What the access point was told of it. */
  readonly status: string;
}

/** Why an attempt to onboard came to nothing. */
export const attemptFailures = [
  'bad_proof', 'revoked', 'spent', 'unknown', 'wrong_ssid', 'server_away', 'plain_off', 'too_many', 'bad_request', 'expired',
] as const;
export type AttemptFailure = (typeof attemptFailures)[number];

/** One try of a device at an access point: `asked` is one that went on. */
export interface Attempt {
  readonly id: string;
  readonly at: Date;
  readonly uuid: string | undefined;
  /** Client address at the agent. */
  readonly from: string;
  readonly outcome: 'asked' | AttemptFailure;
  readonly detail: string | undefined;
}
