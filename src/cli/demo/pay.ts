import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AccountWire, LedgerVerificationWire } from '../../api/accounts.ts';
import type { RefundedWire } from '../../api/registers.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { ReceiptWire } from '../present/sales.ts';
import { moneyForPeople } from '../present/money.ts';
import type { WalletTapWire } from '../present/wallet-taps.ts';
import { Scene, type Narrator } from './scene.ts';

const identityCode = '2468';
const shopPassword = 'espresso doppio';
const sendingMs = 10_000;
/** Where verification codes go. */
const codesFile = 'codes.ndjson';

/**
 * Pay at the counter, get on the Wi-Fi: server, cash register and phone are processes of this program in a temporary
 * home, talking as they would anywhere.
 */
export async function tellPayment(narrator: Narrator): Promise<void> {
  const { tell, ask } = narrator;
  const scene = await Scene.start(narrator, (home) => ['--verification-file', join(home, codesFile)]);
  const { programs, enrolling } = scene;
  await tell({ who: 'server', text: `Runs at ${scene.url}, with its ledger in a new SQLite file.` });

  const cafe = await scene.admin<AccountWire>('account', 'open', 'Café', '--currency', 'EUR');
  const anna = await scene.admin<AccountWire>('account', 'open', 'Anna', '--currency', 'EUR');
  await scene.admin('account', 'topup', anna.account_id, '50.00EUR');
  await tell({ who: 'admin', text: 'Opened an account for the café and one for Anna, who brought 50.00 EUR.' });

  await programs.json(['wallet', 'enroll', ...enrolling, '--name', 'Anna’s phone'], await scene.enrollCode('terminal'));
  await bind(scene, anna);
  await tell({ who: 'phone', text: 'Enrolled, and showed by the six digits that Anna was sent that the account is hers. It keeps a temporary code; Anna keeps her identity code in her head.' });

  const code = await scene.enrollCode('pos', `account=${cafe.account_id}`);
  await programs.json(['pos', 'enroll', ...enrolling, '--name', 'Till 1', '--ssid', 'Café', '--password-file', scene.keep('password.txt', shopPassword)], code);
  await programs.json(['pos', 'tariff', 'set', '--step', '1.00EUR=10min', '--minimum', '1.00EUR', '--refund', 'unused']);
  const { first: register } = await programs.service(['pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader'], (event) => {
    const { event: kind, url: at } = event as { event: string; url?: string };
    return kind === 'listening' && at !== undefined ? { url: at } : undefined;
  });
  await tell({ who: 'register', text: `Enrolled for the café; sells ten minutes of Wi-Fi for each euro, and waits for phones at ${register.url}.` });

  const yes = ask === undefined ? true : await ask('You are Anna. The till says 12.50 EUR for breakfast. Pay?');
  if (!yes) {
    await programs.stopAll();
    await tell({ who: 'phone', text: 'Paid nothing. The processes are stopped, and their folder is removed.' });
    return;
  }
  const charging = programs.json<ReceiptWire>(['pos', 'charge', '--amount', '12.50EUR', '--memo', 'breakfast', '--tap']);
  const tap = await programs.json<WalletTapWire>(['wallet', 'tap', '--pos', register.url, '--yes', '--max', '20.00EUR', '--identity-code-file', scene.keep('identity.txt', identityCode)]);
  const receipt = await charging;
  await tell({
    who: 'register',
    text: 'Asked for 12.50 EUR, and brought the server what the phone gave it: a password that pays this amount to this café, once. In one transaction the server charged it and put the phone on the permission list.',
    lines: [`receipt  ${receipt.sale.sale_id}`, `paid     ${moneyForPeople(receipt.sale.amount)} (${receipt.sale.tender})`, `bought   ${receipt.sale.quantity ?? 'nothing'}`],
  });
  await tell({
    who: 'phone',
    text: 'Got its next temporary code, and the Wi-Fi:',
    lines: [`network   ${tap.credential?.ssid ?? ''}`, `password  ${tap.credential?.password ?? ''}`, `until     ${tap.ends_at ?? ''}`],
  });

  const refunded = await programs.json<RefundedWire>(['grant', 'refund', receipt.grant!.grant_id]);
  await tell({ who: 'register', text: `Anna has to leave. The part of her time that she did not use goes back: ${refunded.in_ledger.map(moneyForPeople).join(', ')}.` });

  const { items } = await scene.admin<{ items: AccountWire[] }>('account', 'list');
  const ledger = await scene.admin<LedgerVerificationWire>('ledger', 'verify');
  await tell({
    who: 'server',
    text: `Added up ${ledger.postings} postings anew: ${ledger.ok ? 'every account is right, and all of them together are nothing' : 'something is wrong'}.`,
    lines: items.map((account) => `${account.name.padEnd(8)} ${moneyForPeople({ minor: account.balance, currency: account.currency }).padStart(12)}`),
  });
  await scene.end();
}

async function bind(scene: Scene, { account_id: account, name }: AccountWire): Promise<void> {
  const { programs } = scene;
  const { verification_id: verification } = await programs.json<{ verification_id: string }>(['account', 'bind', '--account', account, '--name', name, '--request-code']);
  const codeFile = scene.keep('code.txt', await sentCode(join(scene.home, codesFile)));
  await programs.json(['account', 'bind', '--verification', verification, '--verification-code-file', codeFile, '--identity-code-file', '-'], identityCode);
}

/** The server sends it after its answer. */
async function sentCode(path: string): Promise<string> {
  const end = performance.now() + sendingMs;
  for (;;) {
    const [line, rest] = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    if (line !== undefined && rest !== undefined) {
      return (JSON.parse(line) as { verification_code: string }).verification_code;
    }
    if (performance.now() > end) {
      throw new LatchkeyError('verification_unavailable', 'The server has sent no verification code.');
    }
    await setTimeout(20);
  }
}
