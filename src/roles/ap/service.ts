import { timingSafeEqual } from 'node:crypto';
import { isPending, isUnproven, requestLifetimeMs, type AccessRequest, type DeviceReport, type RequestStatus } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import { parseDescription, type Device } from '../../domain/device.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { GrantTerms } from '../../domain/grant.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import type { Register } from '../../domain/sale.ts';
import { parseSsid } from '../../domain/ssid.ts';
import { admitsDevice, recordedActor } from '../../domain/token.ts';
import { bootstrapPublicKey } from '../../protocol/bootstrap-key.ts';
import { devicePsk, deviceProof, matchCode } from '../../protocol/device-key.ts';
import { questionAbout, type AuditJournal } from '../audit-journal.ts';
import { endGrant, revokeGrant } from '../grants/ending.ts';
import { begin } from '../grants/permission.ts';
import { collectUsed } from '../sharing/collecting.ts';
import { grantsClosed } from '../sharing/ending.ts';
import { apIdOf, auditEntry, newId, scopeOf, within, type ServiceContext } from '../service-context.ts';
import type { NewAuditEntry, Store, VerifiedDevice } from '../store.ts';
import { ApNonces } from './ap-nonce.ts';
import { closeRequest, lockAccessPoints } from './closing.ts';
import { decide, isRetry, settleProven } from './decision.ts';
import { expireOverdue } from './expiry.ts';
import type { ApChanges, ApRole, DppAnswer, GrantReport, ProvenRequest, Serving, Verification } from './ports.ts';

export interface ApServiceContext extends ServiceContext {
  /** Where questions are recorded in groups; without it each is written at once. */
  readonly journal?: AuditJournal | undefined;
  /** Shared by the services of one process, so that its key is read once. */
  readonly apNonces?: ApNonces | undefined;
  /** Spent devices verify again, on test benches (`server start --reuse`). */
  readonly reuse?: boolean | undefined;
}

/** What the agent's own attempts add to what verification has recorded already. */
const reportedFailures = new Set<Attempt['outcome']>(['bad_proof', 'wrong_ssid', 'plain_off', 'expired']);

export class ApService implements ApRole {
  readonly #context: ApServiceContext;
  readonly #apId: string;
  readonly #apNonces: ApNonces;

  constructor(context: ApServiceContext) {
    this.#context = context;
    this.#apNonces = context.apNonces ?? new ApNonces(context.random);
    this.#apId = apIdOf(context.actor);
  }

  async self(): Promise<{ apId: string; name: string }> {
    const ap = await this.#context.store.accessPoints.find(this.#apId);
    if (ap === undefined) {
      throw new LatchkeyError('ap_not_found', `There is no access point ${this.#apId}.`);
    }
    return { apId: ap.id, name: ap.name };
  }

  async announce(serving: Serving): Promise<void> {
    const { store, clock } = this.#context;
    const announced = await store.accessPoints.update(this.#apId, {
      ssid: parseSsid(serving.ssid),
      onboardingSsid: parseSsid(serving.onboardingSsid),
      enforcement: serving.enforcement,
      seenAt: clock.now(),
    });
    if (!announced) {
      throw new LatchkeyError('ap_not_found', `There is no access point ${this.#apId}.`);
    }
  }

  async verify(hello: { uuid: string; deviceNonce: Uint8Array }): Promise<Verification> {
    const { store, clock, actor, journal } = this.#context;
    const uuid = parseUuid(hello.uuid);
    const found = await store.devices.findForVerification(uuid);
    const status = found === undefined ? 'unknown' : await this.#standing(store, found.device);
    // Derived for everybody, so that the time tells nobody which uuids exist.
    const context = { uuid, apId: this.#apId, deviceNonce: hello.deviceNonce };
    const at = clock.now();
    const apNonce = await this.#apNonces.issue(store, context, at);
    const psk = devicePsk(found?.passTmp ?? uuid, { ...context, apNonce });
    const asker = { actor: recordedActor(actor), apId: this.#apId };
    const asked = { uuid, at, status };
    if (journal === undefined) {
      await store.audit.append(questionAbout(asked, asker));
    } else {
      journal.asked(asker, asked);
    }
    return { status, psk: status === 'known' ? psk : undefined, apNonce };
  }

  /** What this access point may be told of the device. */
  async #standing(store: Store, device: VerifiedDevice): Promise<Verification['status']> {
    const { actor, clock, reuse } = this.#context;
    if (!admitsDevice(scopeOf(actor), device) || device.state === 'reserved') {
      return 'unknown';
    }
    if (device.state === 'revoked') {
      return 'revoked';
    }
    if (device.spentBy === undefined || reuse === true) {
      return 'known';
    }
    const earlier = await store.requests.find(device.spentBy);
    return earlier === undefined || isRetry(earlier, this.#apId, clock.now()) ? 'known' : 'spent';
  }

  async request(proven: ProvenRequest): Promise<AccessRequest> {
    const uuid = parseUuid(proven.uuid);
    const outcome = await this.#context.store.transaction((tx) => this.#request(tx, { ...proven, uuid }));
    if (!('code' in outcome)) {
      return outcome;
    }
    await this.#record({ action: 'device.refused', uuid, apId: this.#apId, detail: { reason: outcome.code } });
    throw new LatchkeyError(outcome.code);
  }

  async #request(tx: Store, proven: ProvenRequest): Promise<AccessRequest | { code: ErrorCode }> {
    const context = within(this.#context, tx);
    const { uuid } = proven;
    const found = await tx.devices.findWithPassTmp(uuid);
    const salt = { uuid, apId: this.#apId, deviceNonce: proven.deviceNonce, apNonce: proven.apNonce };
    const expected = deviceProof(found?.passTmp ?? uuid, salt);
    const proved = expected.length === proven.deviceProof.length && timingSafeEqual(expected, proven.deviceProof);
    const standing = found === undefined ? 'unknown' : await this.#standing(tx, found.device);
    if (found === undefined || !proved || standing === 'unknown') {
      return { code: 'proof_rejected' };
    }
    // One proof, one request: its id follows from the proof, so a repeated call finds it.
    const id = await this.#apNonces.requestId(tx, expected);
    if (id === undefined) {
      return { code: 'hello_expired' };
    }
    const same = await tx.requests.find(id);
    if (same !== undefined) {
      return same;
    }
    if (standing !== 'known') {
      return { code: standing === 'revoked' ? 'device_revoked' : 'device_spent' };
    }
    if (!(await this.#apNonces.isFresh(tx, proven.apNonce, salt, context.clock.now()))) {
      return { code: 'hello_expired' };
    }

    const revision = await tx.accessPoints.nextRevision(this.#apId);
    const older = await tx.requests.openOf(uuid);
    for (const request of older.filter((one) => isPending(one) && this.#isOwn(one))) {
      await closeRequest(context, request, revision, { status: 'expired', reason: 'asked again' });
    }
    const { device, passTmp } = found;
    return this.#create(context, device, revision, {
      id,
      deviceLabel: proven.deviceLabel === undefined ? undefined : parseDescription(proven.deviceLabel, 'label'),
      matchCode: proven.showsCode ? matchCode(devicePsk(passTmp, salt), id) : undefined,
      plain: proven.plain,
      dpp: false,
    });
  }

  async requestByDpp(hash: Uint8Array): Promise<DppAnswer> {
    const { store, clock, actor, journal } = this.#context;
    const at = clock.now();
    const found = await store.devices.findByChirp(hash);
    const known = found === undefined ? undefined : await store.transaction((tx) => this.#requestByDpp(tx, found.uuid));
    if (found === undefined || known === undefined) {
      return { status: 'unknown', asked: undefined };
    }
    const { status, request } = known;
    const asker = { actor: recordedActor(actor), apId: this.#apId };
    const asked = { uuid: found.uuid, at, status };
    if (journal === undefined) {
      await store.audit.append(questionAbout(asked, asker));
    } else {
      journal.asked(asker, asked);
    }
    return { status, asked: request === undefined ? undefined : { request, publicKey: bootstrapPublicKey(found.dppKey) } };
  }

  async #requestByDpp(tx: Store, uuid: string): Promise<{ status: Verification['status']; request?: AccessRequest } | undefined> {
    const device = await tx.devices.find(uuid);
    if (device === undefined) {
      return undefined;
    }
    const status = await this.#standing(tx, device);
    if (status === 'unknown' || status === 'revoked') {
      return { status };
    }
    const settled = await this.#announced(tx, device);
    if (settled !== undefined) {
      return settled;
    }
    const context = within(this.#context, tx);
    const revision = await tx.accessPoints.nextRevision(this.#apId);
    // Only now nobody else can make one here, or have it spent by one.
    const meanwhile = await this.#announced(tx, (await tx.devices.find(uuid)) ?? device);
    if (meanwhile !== undefined) {
      return meanwhile;
    }
    for (const overdue of (await tx.requests.openOf(uuid)).filter((one) => isPending(one) && this.#isOwn(one))) {
      await closeRequest(context, overdue, revision, { status: 'expired', reason: 'nobody decided in time' });
    }
    const id = newId(context, 'req');
    return { status: 'known', request: await this.#create(context, device, revision, { id, deviceLabel: undefined, matchCode: undefined, plain: false, dpp: true }) };
  }

  /** What an announcement finds; undefined: it makes a request. */
  async #announced(tx: Store, device: Device): Promise<{ status: 'known' | 'spent'; request?: AccessRequest } | undefined> {
    const request = await this.#liveRequest(tx, device);
    if (request !== undefined) {
      return { status: 'known', request };
    }
    return device.spentBy !== undefined && this.#context.reuse !== true ? { status: 'spent' } : undefined;
  }

  /** The device's request here that is pending, or whose password it may take once more. */
  async #liveRequest(tx: Store, { uuid, spentBy }: Device): Promise<AccessRequest | undefined> {
    const now = this.#context.clock.now();
    const open = await tx.requests.openOf(uuid);
    const pending = open.find((one) => isPending(one) && this.#isOwn(one) && one.expiresAt > now);
    if (pending !== undefined) {
      return pending;
    }
    const spender = spentBy === undefined ? undefined : await tx.requests.find(spentBy);
    const granted = spender === undefined ? open.filter(isUnproven) : [spender];
    for (const request of granted.filter((one) => isRetry(one, this.#apId, now))) {
      if (request.grantId !== undefined && (await tx.grants.find(request.grantId))?.state === 'active') {
        return request;
      }
    }
    return undefined;
  }

  async #create(
    context: ServiceContext,
    { uuid, model, batch, label, weak }: Device,
    revision: number,
    asked: Pick<AccessRequest, 'id' | 'deviceLabel' | 'matchCode' | 'plain' | 'dpp'>,
  ): Promise<AccessRequest> {
    const createdAt = context.clock.now();
    const request: AccessRequest = {
      ...asked,
      uuid,
      apId: this.#apId,
      status: 'pending',
      model,
      batch,
      label,
      weak,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + requestLifetimeMs),
      decidedAt: undefined,
      decidedBy: undefined,
      reason: undefined,
      grantId: undefined,
      deliveredAt: undefined,
      joinedAt: undefined,
      revision,
    };
    await context.store.requests.insert(request);
    const detail = { request_id: asked.id, ...(asked.dpp ? { dpp: true } : {}) };
    await context.store.audit.append(auditEntry(context, { action: 'request.created', uuid, apId: this.#apId, detail }));
    return request;
  }

  async approve(requestId: string, by: 'local' | 'auto', terms: GrantTerms = {}): Promise<AccessRequest> {
    const { reuse } = this.#context;
    const mayTouch = (request: AccessRequest) => {
      const isOwn = this.#isOwn(request);
      if (isOwn && by === 'auto' && request.weak) {
        throw new LatchkeyError('forbidden', 'A device with a weak pass_tmp is never approved automatically.');
      }
      return isOwn;
    };
    return decide(this.#context, requestId, mayTouch, { verdict: 'approve', by, terms, reuse });
  }

  async deny(requestId: string, by: 'local' | 'auto', reason?: string): Promise<AccessRequest> {
    return decide(this.#context, requestId, (request) => this.#isOwn(request), {
      verdict: 'deny',
      by,
      reason: reason === undefined ? undefined : parseDescription(reason, 'reason'),
    });
  }

  #isOwn(request: AccessRequest): boolean {
    return request.apId === this.#apId;
  }

  async report(requestId: string, status: DeviceReport): Promise<AccessRequest> {
    return this.#context.store.transaction((tx) => this.#report(tx, requestId, status));
  }

  async #report(tx: Store, requestId: string, status: DeviceReport): Promise<AccessRequest> {
    const context = within(this.#context, tx);
    const found = await tx.requests.find(requestId);
    if (found === undefined || !this.#isOwn(found)) {
      throw new LatchkeyError('request_not_found', `There is no request ${requestId}.`);
    }
    const from: RequestStatus[] = status === 'delivered' ? ['approved'] : ['approved', 'delivered'];
    if (found.status === status || (status === 'delivered' && found.status === 'joined')) {
      return found;
    }
    if (!from.includes(found.status)) {
      throw new LatchkeyError('already_decided', `Request ${requestId} is ${found.status}.`);
    }
    const others = found.dpp ? (await tx.requests.openOf(found.uuid)).filter(isUnproven) : [];
    const revisions = await lockAccessPoints(tx, [this.#apId, ...others.map(({ apId }) => apId)]);
    const revision = revisions.get(this.#apId)!;
    const at = context.clock.now();
    const changed = await tx.requests.change(requestId, from, {
      status,
      revision,
      ...(status === 'delivered' ? { deliveredAt: at } : {}),
      ...(status === 'joined' ? { joinedAt: at } : {}),
    });
    if (changed === undefined) {
      // Somebody else was faster between the read above and the lock.
      return this.#report(tx, requestId, status);
    }
    if (changed.dpp && found.status === 'approved' && status !== 'declined') {
      await settleProven(context, changed, revisions, this.#context.reuse === true);
    }
    if (status === 'declined') {
      if (changed.grantId !== undefined) {
        await revokeGrant(context, changed.grantId, revision, 'declined by the device’s user');
      }
      await tx.devices.setSpentBy(changed.uuid, requestId, undefined);
    }
    await tx.audit.append(
      auditEntry(context, { action: `request.${status}`, uuid: changed.uuid, apId: this.#apId, detail: { request_id: requestId } }),
    );
    return changed;
  }

  async reportAttempts(attempts: readonly Attempt[]): Promise<void> {
    const now = this.#context.clock.now();
    // None is from the future: it would head every list, and outlive and push out those that are not.
    const past = attempts.map((attempt) => (attempt.at > now ? { ...attempt, at: now } : attempt));
    await this.#context.store.transaction(async (tx) => {
      const context = within(this.#context, tx);
      for (const attempt of await tx.attempts.add(this.#apId, past)) {
        if (attempt.uuid === undefined || !reportedFailures.has(attempt.outcome)) continue;
        const device = await tx.devices.find(attempt.uuid);
        if (device === undefined || !admitsDevice(scopeOf(context.actor), device)) continue;
        const detail = { reason: attempt.outcome, from: attempt.from, tried_at: attempt.at.toISOString() };
        await tx.audit.append(auditEntry(context, { action: 'device.refused', uuid: attempt.uuid, apId: this.#apId, detail }));
      }
    });
  }

  async reportGrants(reports: readonly GrantReport[]): Promise<void> {
    await collectUsed(this.#context, this.#apId, reports);
    const changing = reports.filter(({ ended, begun }) => ended !== undefined || begun !== undefined);
    await this.#context.store.transaction(async (tx) => {
      const context = within(this.#context, tx);
      const revision = changing.length === 0 ? undefined : await tx.accessPoints.nextRevision(this.#apId);
      const closed: string[] = [];
      for (const { grantId, usage, ended, begun } of reports) {
        await tx.grants.use(this.#apId, grantId, usage);
        const grant = revision === undefined ? undefined : await tx.grants.find(grantId);
        if (revision === undefined || grant?.network.apId !== this.#apId) continue;
        if (begun !== undefined) await begin(context, grantId, begun, revision);
        // One that was changed meanwhile, to last longer say, is looked at anew by the agent.
        if (ended !== undefined && (ended.revision ?? grant.revision) >= grant.revision) {
          await endGrant(context, grantId, revision, ended);
          closed.push(grantId);
        }
      }
      await grantsClosed(context, closed);
    });
  }

  async registers(): Promise<readonly Register[]> {
    return this.#context.store.registers.ofAccessPoint(this.#apId);
  }

  async claimNetwork(networkId: string): Promise<void> {
    if (!(await this.#context.store.networks.claim(networkId, this.#apId))) {
      throw new LatchkeyError('network_not_found', `There is no network ${networkId}.`);
    }
  }

  async putAccessCode(grantId: string, registerId: string, sealed: string): Promise<void> {
    const { store, clock } = this.#context;
    await store.transaction(async (tx) => {
      const [grant, register] = [await tx.grants.find(grantId), await tx.registers.find(registerId)];
      if (grant?.network.apId !== this.#apId || register?.apId !== this.#apId) {
        throw new LatchkeyError('grant_not_found', `There is no grant ${grantId} for register ${registerId} here.`);
      }
      await tx.accessCodes.put(grantId, registerId, sealed, clock.now());
    });
  }

  async changes(revision: number, waitMs: number, signal?: AbortSignal): Promise<ApChanges> {
    const { store, clock } = this.#context;
    // At any access point, so not in this one's name.
    await expireOverdue({ ...this.#context, actor: { kind: 'local' } });
    if (waitMs > 0) {
      await store.waitForRevision(this.#apId, revision, waitMs, signal);
    }
    // The revision first: what changes in between comes once more, and nothing is missed.
    const ap = await store.accessPoints.find(this.#apId);
    if (ap === undefined) {
      throw new LatchkeyError('ap_not_found', `There is no access point ${this.#apId}.`);
    }
    const nothingNew = ap.revision <= revision;
    return {
      revision: ap.revision,
      now: clock.now(),
      requests: nothingNew ? [] : await store.requests.changedSince(this.#apId, revision),
      grants: nothingNew ? [] : await store.grants.changedSince(this.#apId, revision),
      accessCodes: await store.accessCodes.wanted(this.#apId),
    };
  }

  async #record(entry: Omit<NewAuditEntry, 'at' | 'actor'>): Promise<void> {
    const complete = auditEntry(this.#context, entry);
    if (this.#context.journal === undefined) {
      await this.#context.store.audit.append(complete);
    } else {
      this.#context.journal.record(complete);
    }
  }
}
