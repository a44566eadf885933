import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AccountWire, LedgerVerificationWire } from '../../api/accounts.ts';
import type { EnrollCodeWire } from '../../api/enrollments.ts';
import type { RefundedWire } from '../../api/registers.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { ReceiptWire } from '../present/sales.ts';
import { moneyForPeople } from '../present/money.ts';
import type { WalletTapWire } from '../present/wallet-taps.ts';
import type { Programs } from './programs.ts';
import { startScene, type Narrator } from './scene.ts';

const identityCode = '2468';
const shopPassword = 'espresso doppio';
const sendingMs = 10_000;

/**
 * Pay at the counter, get on the Wi-Fi: server, cash register and phone are processes of this program in a temporary
 * home, talking as they would anywhere.
 */
export async function tellPayment({ tell, ask, closing }: Narrator): Promise<void> {
  const begun = performance.now();
  const { programs, home, url, certFile } = await startScene(closing, (at) => ['--verification-file', join(at, 'codes.ndjson')]);
  await tell({ who: 'server', text: `Runs at ${url}, with its ledger in a new SQLite file.` });

  const admin = ['--profile', 'admin'];
  const cafe = await programs.json<AccountWire>(['account', 'open', 'Café', '--currency', 'EUR', ...admin]);
  const anna = await programs.json<AccountWire>(['account', 'open', 'Anna', '--currency', 'EUR', ...admin]);
  await programs.json(['account', 'topup', anna.account_id, '50.00EUR', ...admin]);
  await tell({ who: 'admin', text: 'Opened an account for the café and one for Anna, who brought 50.00 EUR.' });

  const remote = ['--server', url, '--ca', certFile, '--enroll-code-file', '-'];
  await programs.json(['wallet', 'enroll', ...remote, '--name', 'Anna’s phone'], await enrollCode(programs, 'terminal'));
  await bind(programs, home, anna);
  await tell({ who: 'phone', text: 'Enrolled, and showed by the six digits that Anna was sent that the account is hers. It keeps a temporary code; Anna keeps her identity code in her head.' });

  const code = await enrollCode(programs, 'pos', `account=${cafe.account_id}`);
  await programs.json(['pos', 'enroll', ...remote, '--name', 'Till 1', '--ssid', 'Café', '--password-file', keep(home, 'password.txt', shopPassword)], code);
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
  const tap = await programs.json<WalletTapWire>(['wallet', 'tap', '--pos', register.url, '--yes', '--max', '20.00EUR', '--identity-code-file', keep(home, 'identity.txt', identityCode)]);
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

  const { items } = await programs.json<{ items: AccountWire[] }>(['account', 'list', ...admin]);
  const ledger = await programs.json<LedgerVerificationWire>(['ledger', 'verify', ...admin]);
  await tell({
    who: 'server',
    text: `Added up ${ledger.postings} postings anew: ${ledger.ok ? 'every account is right, and all of them together are nothing' : 'something is wrong'}.`,
    lines: items.map((account) => `${account.name.padEnd(8)} ${moneyForPeople({ minor: account.balance, currency: account.currency }).padStart(12)}`),
  });
  await programs.stopAll();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  await tell({ who: 'demo', text: `Done in ${seconds} s. The processes are stopped, and their folder is removed.` });
}

async function enrollCode(programs: Programs, role: string, ...match: string[]): Promise<string> {
  const scope = match.flatMap((one) => ['--match', one]);
  return (await programs.json<EnrollCodeWire>(['server', 'enroll-code', 'create', '--role', role, ...scope, '--profile', 'admin'])).code;
}

async function bind(programs: Programs, home: string, { account_id: account, name }: AccountWire): Promise<void> {
  const { verification_id: verification } = await programs.json<{ verification_id: string }>(['account', 'bind', '--account', account, '--name', name, '--request-code']);
  const codeFile = keep(home, 'code.txt', await sentCode(join(home, 'codes.ndjson')));
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

function keep(home: string, name: string, text: string): string {
  const path = join(home, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
