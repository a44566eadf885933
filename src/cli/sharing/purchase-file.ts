import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { boolean, id, input, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire, present } from '../../api/wire.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseQuantity, quantityText } from '../../domain/quantity.ts';
import type { GuestOrder, GuestPurchase, PurchaseJournal, PurchaseNote } from '../../roles/guest/ports.ts';
import { LineJournal } from '../line-journal.ts';
import { paths } from '../paths.ts';

const orderSchema = object('PurchaseOrder', { kind: oneOf(['access', 'increase']), quantity: { type: 'string' } }, { offer_id: id, access_id: id, account: remark });
const lineSchema = object('PurchaseLine', { key: id }, {
  begun: object('PurchaseBegun', { at: remark, begun_at: instant, order: orderSchema }),
  request_id: id,
  compared: input('Compared', { same: boolean, thumbprint: { type: 'string' } }),
  over: boolean,
});
type Line = Static<typeof lineSchema>;
type Purchases = Map<string, GuestPurchase>;

const content = {
  check: checker(lineSchema),
  begin: (): Purchases => new Map(),
  take,
  entries: (purchases: Purchases) => [...purchases.values()],
  isOpen: ({ isOver }: GuestPurchase) => !isOver,
  linesOf,
  of: 'purchase',
  hint: 'Compare it with `latchkey share history`, and move it away.',
};

/** The guest's purchases of this machine: a line when one is begun, another for whatever is found out of it. */
export class PurchaseFile implements PurchaseJournal {
  readonly #folder: string;
  readonly #journal: LineJournal<Line, Purchases, GuestPurchase>;

  constructor(folder = join(paths().state, 'share')) {
    this.#folder = folder;
    this.#journal = new LineJournal(join(folder, 'purchases.ndjson'), content);
  }

  async all(): Promise<readonly GuestPurchase[]> {
    return [...this.#journal.read().values()];
  }

  begin({ key, at, order, begunAt }: Pick<GuestPurchase, 'key' | 'at' | 'order' | 'begunAt'>): Promise<GuestPurchase> {
    return this.#add({ key, begun: { at, begun_at: instantToWire(begunAt), order: orderToLine(order) } }, true);
  }

  note(key: string, { requestId, compared, isOver }: PurchaseNote): Promise<GuestPurchase> {
    return this.#add(present({ key, request_id: requestId, compared: compared && { same: compared.isSame, thumbprint: compared.thumbprint }, over: isOver }));
  }

  async #add(line: Line, shorten = false): Promise<GuestPurchase> {
    const { withLock } = await import('../../secrets/lock.ts');
    return withLock(join(this.#folder, 'purchases.lock'), async () => {
      if (shorten) this.#journal.shorten();
      this.#journal.add(line);
      return this.#journal.read().get(line.key)!;
    }, { refusal: () => new LatchkeyError('wallet_busy', 'Another process is writing down a purchase.') });
  }
}

function take(purchases: Purchases, { key, begun, request_id: requestId, compared, over }: Line): void {
  if (begun !== undefined) {
    const { at, begun_at: begunAt, order } = begun;
    purchases.set(key, { key, at, begunAt: instantFromWire(begunAt), order: orderFromLine(order), requestId: undefined, compared: undefined, isOver: false });
  }
  const purchase = purchases.get(key);
  if (purchase !== undefined) {
    purchases.set(key, {
      ...purchase,
      requestId: requestId ?? purchase.requestId,
      compared: compared === undefined ? purchase.compared : { isSame: compared.same, thumbprint: compared.thumbprint },
      isOver: purchase.isOver || over === true,
    });
  }
}

function linesOf({ key, at, begunAt, order, requestId, compared, isOver }: GuestPurchase): Line[] {
  return [
    present({
      key,
      begun: { at, begun_at: instantToWire(begunAt), order: orderToLine(order) },
      request_id: requestId,
      compared: compared && { same: compared.isSame, thumbprint: compared.thumbprint },
      over: isOver || undefined,
    }),
  ];
}

type OrderLine = NonNullable<Line['begun']>['order'];

function orderToLine(order: GuestOrder): OrderLine {
  const quantity = quantityText(order.quantity);
  return order.kind === 'access' ? present({ kind: order.kind, quantity, offer_id: order.offerId, account: order.account }) : { kind: order.kind, quantity, access_id: order.accessId };
}

function orderFromLine({ kind, quantity, offer_id: offerId = '', access_id: accessId = '', account }: OrderLine): GuestOrder {
  const size = parseQuantity(quantity);
  return kind === 'access' ? { kind, offerId, quantity: size, account } : { kind, accessId, quantity: size };
}
