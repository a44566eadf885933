import type { AccountWire, LedgerVerificationWire } from '../../api/accounts.ts';
import { moneyForPeople } from '../present/money.ts';
import type { Narrator, Scene } from './scene.ts';

export function openAccount(scene: Scene, name: string): Promise<AccountWire> {
  return scene.admin<AccountWire>('account', 'open', name, '--currency', 'EUR');
}

/** Makes a terminal of a machine, and binds the account to it by the code that its owner was sent. `identityCode`: the owner's. */
export async function enrolPhone(scene: Scene, { account_id: account, name }: AccountWire, identityCode: string, programs = scene.programs): Promise<void> {
  await programs.json(['wallet', 'enroll', ...scene.enrolling, '--name', `${name}’s phone`], await scene.enrollCode('terminal'));
  const { verification_id: verification } = await programs.json<{ verification_id: string }>(['account', 'bind', '--account', account, '--name', name, '--request-code']);
  const codeFile = scene.keep('code.txt', await scene.sentCode());
  await programs.json(['account', 'bind', '--verification', verification, '--verification-code-file', codeFile, '--identity-code-file', '-'], identityCode);
}

/** Makes a cash register of this machine that charges for the account. */
export async function enrolRegister(scene: Scene, { account_id: account }: AccountWire, name: string, ...args: readonly string[]): Promise<void> {
  const code = await scene.enrollCode('pos', `account=${account}`);
  await scene.programs.json(['pos', 'enroll', ...scene.enrolling, '--name', name, ...args], code);
}

/** What the ledger has come to. */
export async function tellLedger(scene: Scene, tell: Narrator['tell']): Promise<void> {
  const { items } = await scene.admin<{ items: AccountWire[] }>('account', 'list');
  const ledger = await scene.admin<LedgerVerificationWire>('ledger', 'verify');
  await tell({
    who: 'server',
    text: `Added up ${ledger.postings === 1 ? 'one posting' : `${ledger.postings} postings`} anew: ${ledger.ok ? 'every account is right, and all of them together are nothing' : 'something is wrong'}.`,
    lines: items.map((account) => `${account.name.padEnd(8)} ${moneyForPeople({ minor: account.balance, currency: account.currency }).padStart(12)}`),
  });
}
