import type { CodeReceipt } from '../../domain/credit-code.ts';
import type { Store } from '../store.ts';
import type { AcceptedOfCode, SettlingCode } from './store.ts';

/**
 * What an operator that bears losses pays shops of what was spent beyond a limit: nothing that the register's own journal
 * had to refuse, nothing that it accepted after the payer was suspended, and for one payer no more than the code allows.
 * Else a payer and a shop that are of one mind could draw money from the operator.
 */
export class LossCover {
  /** What was borne, by account, in minor units. */
  readonly #lost: Map<string, bigint>;
  readonly #suspendedAt: ReadonlyMap<string, Date | undefined>;
  /** By token and register. */
  readonly #accepted: Map<string, AcceptedOfCode>;

  private constructor(lost: Map<string, bigint>, suspendedAt: ReadonlyMap<string, Date | undefined>, accepted: readonly AcceptedOfCode[]) {
    this.#lost = lost;
    this.#suspendedAt = suspendedAt;
    this.#accepted = new Map(accepted.map((of) => [nameOf(of), of]));
  }

  /** For codes that may come to more than they allow. Inside a transaction that has their payers' rows to itself. */
  static async of(store: Store, codes: readonly SettlingCode[]): Promise<LossCover> {
    const accountIds = [...new Set(codes.map(({ accountId }) => accountId))];
    const [lost, accepted, accounts] = await Promise.all([
      store.creditCodes.lostBy(accountIds),
      store.codeReceipts.acceptedOf(codes.map(({ token }) => token.id)),
      Promise.all(accountIds.map((id) => store.accounts.find(id))),
    ]);
    return new LossCover(new Map(lost), new Map(accounts.map((account) => [account!.id, account!.suspendedAt])), accepted);
  }

  /** Counts what a register accepted, whatever it comes to. */
  note({ tokenId, registerId, amount }: CodeReceipt): void {
    const { minor, uses } = this.#accepted.get(nameOf({ tokenId, registerId })) ?? { minor: 0n, uses: 0 };
    this.#accepted.set(nameOf({ tokenId, registerId }), { tokenId, registerId, minor: minor + amount.minor, uses: uses + 1 });
  }

  /** Of what was noted; what is borne counts from then on. */
  bears(receipt: CodeReceipt, { token, accountId }: SettlingCode): boolean {
    const { minor, uses } = this.#accepted.get(nameOf(receipt))!;
    const suspendedAt = this.#suspendedAt.get(accountId);
    const lost = (this.#lost.get(accountId) ?? 0n) + receipt.amount.minor;
    const hadToRefuse = minor > token.maxTotal || uses > token.uses;
    if (hadToRefuse || (suspendedAt !== undefined && receipt.at > suspendedAt) || lost > token.maxTotal) {
      return false;
    }
    this.#lost.set(accountId, lost);
    return true;
  }
}

function nameOf({ tokenId, registerId }: Pick<CodeReceipt, 'tokenId' | 'registerId'>): string {
  return `${tokenId} ${registerId}`;
}
