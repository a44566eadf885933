import { adminContract } from './roles-admin.contract.ts';
import { apContract } from './roles-ap.contract.ts';
import { batchesContract } from './roles-batches.contract.ts';
import { codesContract } from './roles-codes.contract.ts';
import { counterContract } from './roles-counter.contract.ts';
import { dppContract } from './roles-dpp.contract.ts';
import { eventsContract } from './roles-events.contract.ts';
import { factoryContract } from './roles-factory.contract.ts';
import { flashingContract } from './roles-flashing.contract.ts';
import { ledgerContract } from './roles-ledger.contract.ts';
import type { MakeHarness } from './roles.harness.ts';
import { grantsContract } from './roles-grants.contract.ts';
import { topUpsContract } from './roles-topups.contract.ts';
import { networksContract } from './roles-networks.contract.ts';
import { offersContract } from './roles-offers.contract.ts';
import { ownerContract } from './roles-owner.contract.ts';
import { posContract } from './roles-pos.contract.ts';
import { sharingContract } from './roles-sharing.contract.ts';
import { terminationsContract } from './roles-terminations.contract.ts';
import { walletContract } from './roles-wallet.contract.ts';

/** What every role does, wherever its registry is. */
export function rolesContract(name: string, make: MakeHarness): void {
  factoryContract(name, make);
  flashingContract(name, make);
  batchesContract(name, make);
  apContract(name, make);
  dppContract(name, make);
  ownerContract(name, make);
  grantsContract(name, make);
  adminContract(name, make);
  ledgerContract(name, make);
  topUpsContract(name, make);
  walletContract(name, make);
  posContract(name, make);
  counterContract(name, make);
  codesContract(name, make);
  terminationsContract(name, make);
  offersContract(name, make);
  eventsContract(name, make);
  networksContract(name, make);
  sharingContract(name, make);
}
