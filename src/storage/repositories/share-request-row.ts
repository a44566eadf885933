import { Buffer } from 'node:buffer';
import type { Insertable, Selectable } from 'kysely';
import type { Approval } from '../../domain/offer.ts';
import { parseQuantity, quantityText, type Allowance } from '../../domain/quantity.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import { parseTariff, tariffToJson } from '../../domain/tariff-json.ts';
import { date, optionalDate, type ShareRequestTable } from '../tables.ts';

export type ShareRequestRow = Omit<Selectable<ShareRequestTable>, 'sealed'>;

/** All that a request is read with: its code is asked for by itself. */
export const shareRequestColumns = [
  'id', 'kind', 'access_id', 'offer_id', 'network_id', 'ap_id', 'guest_account_id', 'guest_terminal_id', 'sharer_account_id', 'sharer_terminal_id', 'jwk', 'meter_key',
  'tariff', 'approval', 'answer_ms', 'quantity', 'bought', 'currency', 'fee', 'state', 'payment_id', 'grant_id', 'created_at', 'due_at', 'paid_at', 'ended_at',
  'reason', 'returned', 'owed',
] as const satisfies readonly (keyof ShareRequestRow)[];

export function toShareRequest(row: ShareRequestRow): ShareRequest {
  return {
    id: row.id,
    kind: row.kind as ShareRequest['kind'],
    accessId: row.access_id,
    offerId: row.offer_id,
    networkId: row.network_id,
    apId: row.ap_id,
    guest: { accountId: row.guest_account_id, terminalId: row.guest_terminal_id },
    sharer: { accountId: row.sharer_account_id, terminalId: row.sharer_terminal_id },
    jwk: row.jwk ?? undefined,
    meterKey: Buffer.from(row.meter_key),
    tariff: parseTariff(JSON.parse(row.tariff)),
    approval: row.approval as Approval,
    answerMs: Number(row.answer_ms),
    quantity: allowanceFrom(row.quantity),
    bought: allowanceFrom(row.bought),
    fee: { minor: BigInt(row.fee), currency: row.currency },
    state: row.state as ShareRequestState,
    paymentId: row.payment_id ?? undefined,
    grantId: row.grant_id ?? undefined,
    createdAt: date(row.created_at),
    dueAt: optionalDate(row.due_at),
    paidAt: optionalDate(row.paid_at),
    endedAt: optionalDate(row.ended_at),
    reason: row.reason ?? undefined,
    returned: BigInt(row.returned),
    owed: BigInt(row.owed),
  };
}

export function toShareRequestRow(request: ShareRequest): Insertable<ShareRequestTable> {
  return {
    id: request.id,
    kind: request.kind,
    access_id: request.accessId,
    offer_id: request.offerId,
    network_id: request.networkId,
    ap_id: request.apId,
    guest_account_id: request.guest.accountId,
    guest_terminal_id: request.guest.terminalId,
    sharer_account_id: request.sharer.accountId,
    sharer_terminal_id: request.sharer.terminalId,
    jwk: request.jwk ?? null,
    meter_key: request.meterKey,
    tariff: JSON.stringify(tariffToJson(request.tariff)),
    approval: request.approval,
    answer_ms: request.answerMs,
    quantity: allowanceText(request.quantity),
    bought: allowanceText(request.bought),
    currency: request.fee.currency,
    fee: request.fee.minor,
    state: request.state,
    payment_id: request.paymentId ?? null,
    grant_id: request.grantId ?? null,
    created_at: request.createdAt,
    due_at: request.dueAt ?? null,
    paid_at: request.paidAt ?? null,
    ended_at: request.endedAt ?? null,
    reason: request.reason ?? null,
    returned: request.returned,
    owed: request.owed,
  };
}

/** What was bought of a request that is free is nothing, which no text of a quantity says. */
const nothing = /^0 (time|traffic)$/;

function allowanceFrom(text: string): Allowance {
  const none = nothing.exec(text);
  return none !== null ? { metric: none[1] as 'time' | 'traffic', size: 0n } : text === 'unlimited' ? text : parseQuantity(text);
}

function allowanceText(allowance: Allowance): string {
  return allowance === 'unlimited' ? allowance : allowance.size === 0n ? `0 ${allowance.metric}` : quantityText(allowance);
}
