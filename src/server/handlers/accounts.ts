import {
  accountInputFromWire, accountToWire, ledgerVerificationToWire, payeeToWire, postingToWire, statementLineToWire, unlockedToWire,
} from '../../api/accounts.ts';
import { amountFromWire } from '../../api/money.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const accountHandlers: Handlers<
  | 'openAccount' | 'listAccounts' | 'showAccount' | 'accountStatement' | 'payOutAccount' | 'closeAccount' | 'unlockAccount' | 'setCredit' | 'reinstateAccount'
  | 'listPostings' | 'verifyLedger' | 'showPayee'
> = {
  async openAccount({ services, body }) {
    return accountToWire(await services.ledger.open(accountInputFromWire(body)));
  },
  async listAccounts({ services, query }) {
    return pageToWire(await services.ledger.accounts(pageRequestFromWire(query)), accountToWire);
  },
  async showAccount({ services, params }) {
    return accountToWire(await services.ledger.account(params.id));
  },
  async accountStatement({ services, params, query }) {
    return pageToWire(await services.ledger.statement(params.id, pageRequestFromWire(query)), statementLineToWire);
  },
  async payOutAccount({ services, params, body }) {
    return postingToWire(await services.ledger.payOut(params.id, amountFromWire(body.amount), { memo: body.memo }));
  },
  async closeAccount({ services, params }) {
    return accountToWire(await services.ledger.close(params.id));
  },
  async setCredit({ services, params, body }) {
    return accountToWire(await services.ledger.setCredit(params.id, amountFromWire(body.credit)));
  },
  async reinstateAccount({ services, params }) {
    return accountToWire(await services.ledger.reinstate(params.id));
  },
  async unlockAccount({ services, params }) {
    return unlockedToWire(await services.ledger.unlock(params.id));
  },
  async listPostings({ services, query }) {
    return pageToWire(await services.ledger.postings(pageRequestFromWire(query)), postingToWire);
  },
  async verifyLedger({ services }) {
    return ledgerVerificationToWire(await services.ledger.verify());
  },
  async showPayee({ services, params }) {
    return payeeToWire(await services.wallet.payee(params.id));
  },
};
