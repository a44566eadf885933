import type { ErrorCode } from '../domain/errors.ts';
import type { Role } from '../domain/token.ts';
import {
  accessPointPageSchema,
  accessPointQuerySchema,
  announcementSchema,
  changesQuerySchema,
  changesSchema,
  selfSchema,
} from './access-points.ts';
import {
  accessRequestPageSchema,
  accessRequestQuerySchema,
  accessRequestSchema,
  approvalSchema,
  denialSchema,
  dppAnswerSchema,
  dppRequestSchema,
  provenRequestSchema,
} from './access-requests.ts';
import { attemptBatchSchema, attemptPageSchema, attemptQuerySchema } from './attempts.ts';
import { auditPageSchema, auditQuerySchema, auditVerificationSchema, exportedHeadQuerySchema, historyQuerySchema, historySchema, signedAuditHeadSchema } from './audit.ts';
import { bootstrapKeysQuerySchema, bootstrapKeysSchema, claimSchema, comparisonSchema, devicePageSchema, deviceQuerySchema, deviceSchema, identitiesQuerySchema, identitiesSchema, identitySchema, registrationSchema } from './devices.ts';
import { bulkExceptionsSchema, chunkBytes, chunkPlaceSchema, chunkSchema, identityListSchema, runSchema, runText } from './bulk.ts';
import {
  batchDetailsSchema,
  batchDevicePageSchema,
  batchDeviceQuerySchema,
  batchPageQuerySchema,
  batchPageSchema,
  batchQuerySchema,
  batchRevocationInputSchema,
  batchRevocationSchema,
  batchSchema,
  revocationStepInputSchema,
  revocationStepSchema,
} from './batches.ts';
import { enrollCodeInputSchema, enrollCodeSchema, enrollmentInputSchema, enrollmentSchema } from './enrollments.ts';
import { flashBeginSchema, flashBegunSchema, flashEndSchema, flashSchema, openFlashesQuerySchema, openFlashesSchema } from './flashes.ts';
import { grantPageSchema, grantQuerySchema, grantReportsSchema, grantSchema, increaseSchema } from './grants.ts';
import { input, text, uuid, type Schema, type Static } from './schema.ts';
import { tokenPageSchema, tokenQuerySchema, tokenSchema } from './tokens.ts';
import { verificationInputSchema, verificationSchema } from './verifications.ts';

/** One thing that can be asked over HTTP; server, client and OpenAPI are made from it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With `{name}` where a member of `params` stands. */
  readonly path: string;
  readonly summary: string;
  /** Whose tokens may ask; `anyone` needs none, `holder` is any token. */
  readonly roles: readonly Role[] | 'anyone' | 'holder';
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  /** Status and body of the answer; without a body 204. */
  readonly status: 200 | 201 | 204;
  readonly reply?: Schema;
  /** Takes an `Idempotency-Key` (protocol.md section 3): every POST that changes something. */
  readonly idempotent?: true;
  /** What it says no with, beside what every route may say. */
  readonly errors?: readonly ErrorCode[];
  /** Its answer may be held back until something happens. */
  readonly waits?: true;
  /** Largest body in bytes, where it is not the usual. */
  readonly bodyLimit?: number;
}

const byUuid = input('ByUuid', { uuid });
// What cannot be an id is not found, like one that is not there.
const byId = input('ById', { id: { ...text, maxLength: 128 } });
const byRun = input('ByRun', { run: runText });
const byUuidAndId = input('ByUuidAndId', { uuid, id: { ...text, maxLength: 128 } });
const reason = input('Reason', {}, { reason: text });

const factory = ['factory', 'admin'] as const;
const registryReaders = ['factory', 'admin', 'technician', 'owner'] as const;
const batchReaders = ['factory', 'admin', 'technician'] as const;
const siteReaders = ['owner', 'technician', 'admin', 'ap'] as const;
const owners = ['owner', 'admin'] as const;
const deciders = ['ap', 'owner', 'admin'] as const;
const undecidable = ['request_not_found', 'already_decided', 'request_expired', 'device_revoked', 'device_spent'] as const;

export const routes = {
  enroll: {
    method: 'POST',
    path: '/v1/enrollments',
    summary: 'Use an enrolment code and get a token',
    roles: 'anyone',
    body: enrollmentInputSchema,
    status: 201,
    reply: enrollmentSchema,
    idempotent: true,
    errors: ['enroll_code_invalid'],
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Which token this is',
    roles: 'holder',
    status: 200,
    reply: tokenSchema,
  },
  createEnrollCode: {
    method: 'POST',
    path: '/v1/enroll-codes',
    summary: 'Make a single-use enrolment code',
    roles: ['admin'],
    body: enrollCodeInputSchema,
    status: 201,
    reply: enrollCodeSchema,
    idempotent: true,
  },
  listTokens: {
    method: 'GET',
    path: '/v1/tokens',
    summary: 'List tokens',
    roles: ['admin'],
    query: tokenQuerySchema,
    status: 200,
    reply: tokenPageSchema,
  },
  revokeToken: {
    method: 'POST',
    path: '/v1/tokens/{id}/revoke',
    summary: 'Revoke a token, at once',
    roles: ['admin'],
    params: byId,
    status: 200,
    reply: tokenSchema,
    idempotent: true,
    errors: ['token_not_found'],
  },
  reserveDevice: {
    method: 'POST',
    path: '/v1/devices',
    summary: 'Reserve a device; it verifies once it is confirmed',
    roles: factory,
    body: registrationSchema,
    status: 201,
    reply: identitySchema,
    idempotent: true,
    errors: ['weak_pass_tmp', 'device_conflict', 'batch_revoked'],
  },
  listDevices: {
    method: 'GET',
    path: '/v1/devices',
    summary: 'List devices',
    roles: registryReaders,
    query: deviceQuerySchema,
    status: 200,
    reply: devicePageSchema,
  },
  revealIdentities: {
    method: 'POST',
    path: '/v1/identities',
    summary: 'Read identities with their pass_tmps, to write them into devices; those that are not there are left out',
    roles: factory,
    body: identitiesQuerySchema,
    status: 200,
    reply: identitiesSchema,
  },
  reserveChunk: {
    method: 'POST',
    path: '/v1/runs/{run}/chunks',
    summary: 'Reserve many devices, as one chunk of a run; tells those that were not reserved just now',
    roles: factory,
    params: byRun,
    body: chunkSchema,
    status: 200,
    reply: bulkExceptionsSchema,
    idempotent: true,
    bodyLimit: chunkBytes,
  },
  confirmChunks: {
    method: 'POST',
    path: '/v1/runs/{run}/confirm',
    summary: 'Say that the identities of a run’s chunks were written out: their devices are registered',
    roles: factory,
    params: byRun,
    body: chunkPlaceSchema,
    status: 200,
    reply: runSchema,
    idempotent: true,
  },
  checkChunk: {
    method: 'POST',
    path: '/v1/chunk-checks',
    summary: 'Say what reserving many devices would tell; changes nothing',
    roles: factory,
    body: identityListSchema,
    status: 200,
    reply: bulkExceptionsSchema,
    bodyLimit: chunkBytes,
  },
  makeBootstrapKeys: {
    method: 'POST',
    path: '/v1/bootstrap-keys',
    summary: 'Get the DPP keys of devices, made where there is none; devices that are not there are left out',
    roles: factory,
    body: bootstrapKeysQuerySchema,
    status: 200,
    reply: bootstrapKeysSchema,
    idempotent: true,
  },
  showDevice: {
    method: 'GET',
    path: '/v1/devices/{uuid}',
    summary: 'Show a device',
    roles: registryReaders,
    params: byUuid,
    status: 200,
    reply: deviceSchema,
    errors: ['device_not_found'],
  },
  deviceHistory: {
    method: 'GET',
    path: '/v1/devices/{uuid}/history',
    summary: 'A device’s trail, newest first',
    roles: registryReaders,
    params: byUuid,
    query: historyQuerySchema,
    status: 200,
    reply: historySchema,
    errors: ['device_not_found'],
  },
  compareDevice: {
    method: 'POST',
    path: '/v1/devices/{uuid}/comparison',
    summary: 'Compare what was read back from a device with the registry',
    roles: factory,
    params: byUuid,
    body: claimSchema,
    status: 200,
    reply: comparisonSchema,
    errors: ['device_not_found'],
  },
  confirmDevice: {
    method: 'POST',
    path: '/v1/devices/{uuid}/confirm',
    summary: 'Say that the identity was written out: the device is registered',
    roles: factory,
    params: byUuid,
    status: 200,
    reply: deviceSchema,
    idempotent: true,
    errors: ['device_not_found', 'device_revoked'],
  },
  revokeDevice: {
    method: 'POST',
    path: '/v1/devices/{uuid}/revoke',
    summary: 'Revoke a device for good',
    roles: factory,
    params: byUuid,
    body: reason,
    status: 200,
    reply: deviceSchema,
    idempotent: true,
    errors: ['device_not_found'],
  },
  resetDevice: {
    method: 'POST',
    path: '/v1/devices/{uuid}/reset',
    summary: 'Let a device onboard again',
    roles: ['factory', 'admin', 'owner'],
    params: byUuid,
    status: 200,
    reply: deviceSchema,
    idempotent: true,
    errors: ['device_not_found', 'device_revoked'],
  },
  beginFlash: {
    method: 'POST',
    path: '/v1/devices/{uuid}/flashes',
    summary: 'Claim a device for a station that is about to flash it',
    roles: factory,
    params: byUuid,
    body: flashBeginSchema,
    status: 201,
    reply: flashBegunSchema,
    idempotent: true,
    errors: ['device_not_found', 'device_revoked', 'device_not_registered', 'device_being_flashed', 'device_flashed'],
  },
  endFlash: {
    method: 'POST',
    path: '/v1/devices/{uuid}/flashes/{id}/end',
    summary: 'Say how the flashing of a device ended; the same again changes nothing',
    roles: factory,
    params: byUuidAndId,
    body: flashEndSchema,
    status: 200,
    reply: flashSchema,
    idempotent: true,
    errors: ['device_not_found', 'flash_not_found', 'device_being_flashed'],
  },
  listOpenFlashes: {
    method: 'GET',
    path: '/v1/flashes/open',
    summary: 'What a station has claimed and not ended, oldest first, at most 1,000',
    roles: factory,
    query: openFlashesQuerySchema,
    status: 200,
    reply: openFlashesSchema,
  },
  listBatches: {
    method: 'GET',
    path: '/v1/batches',
    summary: 'List batches, in the order of their names',
    roles: batchReaders,
    query: batchPageQuerySchema,
    status: 200,
    reply: batchPageSchema,
  },
  // A batch is named beside the path: its name may hold what proxies change in one, such as "2026/11".
  showBatch: {
    method: 'GET',
    path: '/v1/batches/summary',
    summary: 'Where a batch’s devices have come to',
    roles: batchReaders,
    query: batchQuerySchema,
    status: 200,
    reply: batchSchema,
    errors: ['batch_not_found'],
  },
  batchDetails: {
    method: 'GET',
    path: '/v1/batches/details',
    summary: 'All that there is to say of a batch: models, yield per station, states over time',
    roles: batchReaders,
    query: batchQuerySchema,
    status: 200,
    reply: batchDetailsSchema,
    errors: ['batch_not_found'],
  },
  listBatchDevices: {
    method: 'GET',
    path: '/v1/batches/devices',
    summary: 'List a batch’s devices with what stations did with them',
    roles: batchReaders,
    query: batchDeviceQuerySchema,
    status: 200,
    reply: batchDevicePageSchema,
    errors: ['batch_not_found'],
  },
  revokeBatch: {
    method: 'POST',
    path: '/v1/batches/revoke',
    summary: 'Revoke a batch for good: none of its devices verifies any more',
    roles: factory,
    body: batchRevocationInputSchema,
    status: 200,
    reply: batchRevocationSchema,
    idempotent: true,
    errors: ['batch_not_found'],
  },
  revokeBatchDevices: {
    method: 'POST',
    path: '/v1/batches/revoke-devices',
    summary: 'Close what the next devices of a revoked batch have open, and mark them',
    roles: factory,
    body: revocationStepInputSchema,
    status: 200,
    reply: revocationStepSchema,
    idempotent: true,
    errors: ['batch_not_found'],
  },
  verifyDevice: {
    method: 'POST',
    path: '/v1/verifications',
    summary: 'Ask for the key of a hello',
    roles: ['ap'],
    body: verificationInputSchema,
    status: 200,
    reply: verificationSchema,
  },
  createAccessRequest: {
    method: 'POST',
    path: '/v1/access-requests',
    summary: 'Bring the request of a device that has proven itself',
    roles: ['ap'],
    body: provenRequestSchema,
    status: 201,
    reply: accessRequestSchema,
    idempotent: true,
    errors: ['proof_rejected', 'device_revoked', 'device_spent'],
  },
  requestByDpp: {
    method: 'POST',
    path: '/v1/dpp-requests',
    summary: 'Find the device that announces itself by DPP, and its request; made where there is none',
    roles: ['ap'],
    body: dppRequestSchema,
    status: 200,
    reply: dppAnswerSchema,
    idempotent: true,
  },
  listAccessRequests: {
    method: 'GET',
    path: '/v1/access-requests',
    summary: 'List access requests, newest first',
    roles: siteReaders,
    query: accessRequestQuerySchema,
    status: 200,
    reply: accessRequestPageSchema,
  },
  showAccessRequest: {
    method: 'GET',
    path: '/v1/access-requests/{id}',
    summary: 'Show an access request',
    roles: siteReaders,
    params: byId,
    status: 200,
    reply: accessRequestSchema,
    errors: ['request_not_found'],
  },
  approveAccessRequest: {
    method: 'POST',
    path: '/v1/access-requests/{id}/approve',
    summary: 'Let the device in',
    roles: deciders,
    params: byId,
    body: approvalSchema,
    status: 200,
    reply: accessRequestSchema,
    idempotent: true,
    errors: undecidable,
  },
  denyAccessRequest: {
    method: 'POST',
    path: '/v1/access-requests/{id}/deny',
    summary: 'Keep the device out',
    roles: deciders,
    params: byId,
    body: denialSchema,
    status: 200,
    reply: accessRequestSchema,
    idempotent: true,
    errors: ['request_not_found', 'already_decided', 'request_expired'],
  },
  reportDelivered: report('delivered', 'Say that the device has read its password'),
  reportJoined: report('joined', 'Say that the device has joined'),
  reportDeclined: report('declined', 'Say that the device’s user declined'),
  addAttempts: {
    method: 'POST',
    path: '/v1/attempts',
    summary: 'Bring what devices tried at the access point; known ids are passed over',
    roles: ['ap'],
    body: attemptBatchSchema,
    status: 204,
    idempotent: true,
    bodyLimit: 1_048_576,
  },
  listAttempts: {
    method: 'GET',
    path: '/v1/attempts',
    summary: 'List what devices tried, newest first',
    roles: siteReaders,
    query: attemptQuerySchema,
    status: 200,
    reply: attemptPageSchema,
  },
  listAccessPoints: {
    method: 'GET',
    path: '/v1/aps',
    summary: 'List access points',
    roles: siteReaders,
    query: accessPointQuerySchema,
    status: 200,
    reply: accessPointPageSchema,
  },
  announceSelf: {
    method: 'PUT',
    path: '/v1/aps/self',
    summary: 'Say which networks the access point serves',
    roles: ['ap'],
    body: announcementSchema,
    status: 204,
    errors: ['ap_not_found'],
  },
  showSelf: {
    method: 'GET',
    path: '/v1/aps/self',
    summary: 'Which access point this token is',
    roles: ['ap'],
    status: 200,
    reply: selfSchema,
    errors: ['ap_not_found'],
  },
  listChanges: {
    method: 'GET',
    path: '/v1/aps/self/changes',
    summary: 'What changed since a revision; waits for a change if asked to',
    roles: ['ap'],
    query: changesQuerySchema,
    status: 200,
    reply: changesSchema,
    waits: true,
    errors: ['ap_not_found'],
  },
  listGrants: {
    method: 'GET',
    path: '/v1/grants',
    summary: 'List grants, newest first',
    roles: siteReaders,
    query: grantQuerySchema,
    status: 200,
    reply: grantPageSchema,
  },
  showGrant: {
    method: 'GET',
    path: '/v1/grants/{id}',
    summary: 'Show a grant',
    roles: siteReaders,
    params: byId,
    status: 200,
    reply: grantSchema,
    errors: ['grant_not_found'],
  },
  revokeGrant: {
    method: 'POST',
    path: '/v1/grants/{id}/revoke',
    summary: 'Take a grant back',
    roles: owners,
    params: byId,
    body: reason,
    status: 200,
    reply: grantSchema,
    idempotent: true,
    errors: ['grant_not_found'],
  },
  increaseGrant: {
    method: 'POST',
    path: '/v1/grants/{id}/increases',
    summary: 'Add time or traffic to a grant',
    roles: owners,
    params: byId,
    body: increaseSchema,
    status: 200,
    reply: grantSchema,
    idempotent: true,
    errors: ['grant_not_found', 'grant_over'],
  },
  reportGrants: {
    method: 'POST',
    path: '/v1/aps/self/grant-reports',
    summary: 'Bring what grants have used at the access point, and which have ended there; the same again changes nothing',
    roles: ['ap'],
    body: grantReportsSchema,
    status: 204,
    idempotent: true,
    bodyLimit: 1_048_576,
  },
  listAudit: {
    method: 'GET',
    path: '/v1/audit',
    summary: 'List the audit log, oldest first',
    roles: ['admin'],
    query: auditQuerySchema,
    status: 200,
    reply: auditPageSchema,
  },
  verifyAudit: {
    method: 'GET',
    path: '/v1/audit/verification',
    summary: 'Recompute the audit log’s chain, and look for an exported head in it',
    roles: ['admin'],
    query: exportedHeadQuerySchema,
    status: 200,
    reply: auditVerificationSchema,
  },
  auditHead: {
    method: 'GET',
    path: '/v1/audit/head',
    summary: 'The chain’s signed head, to keep elsewhere',
    roles: ['admin'],
    status: 200,
    reply: signedAuditHeadSchema,
    errors: ['check_failed'],
  },
} as const satisfies Record<string, Route>;

function report<const Status extends string>(status: Status, summary: string) {
  return {
    method: 'POST',
    path: `/v1/access-requests/{id}/${status}`,
    summary,
    roles: ['ap'],
    params: byId,
    status: 200,
    reply: accessRequestSchema,
    idempotent: true,
    errors: ['request_not_found', 'already_decided'],
  } as const;
}

export type Routes = typeof routes;
export type RouteName = keyof Routes;

type Part<R, Name extends 'params' | 'query' | 'body' | 'reply'> = R extends { readonly [N in Name]: infer S } ? Static<S> : undefined;
export type ParamsOf<R> = Part<R, 'params'>;
export type QueryOf<R> = Part<R, 'query'>;
export type BodyOf<R> = Part<R, 'body'>;
export type ReplyOf<R> = Part<R, 'reply'>;
