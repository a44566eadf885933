import type { RegisterGuard, WalletGuard } from '../../src/roles/card/ports.ts';

/** A machine without a card application: everything goes on. */
export const noWalletGuard: WalletGuard = { charge: async () => {}, access: async () => async () => {}, reconcile: async () => {} };
export const noRegisterGuard: RegisterGuard = { charge: async () => {}, charged: async () => {}, reconcile: async () => {}, access: async () => async () => {} };
