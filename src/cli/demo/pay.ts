import type { RefundedWire } from '../../api/registers.ts';
import { moneyForPeople } from '../present/money.ts';
import type { ReceiptWire } from '../present/sales.ts';
import type { WalletTapWire } from '../present/wallet-taps.ts';
import { enrolPhone, enrolRegister, openAccount, tellLedger } from './money.ts';
import { Scene, type Narrator } from './scene.ts';

const identityCode = '2468';
const shopPassword = 'espresso doppio';

/**
 * Pay at the counter, get on the Wi-Fi: server, cash register and phone are processes of this program in a temporary
 * home, talking as they would anywhere.
 */
export async function tellPayment(narrator: Narrator): Promise<void> {
  const { tell, ask } = narrator;
  const scene = await Scene.start(narrator);
  const { programs } = scene;
  await tell({ who: 'server', text: `Runs at ${scene.url}, with its ledger in a new SQLite file.` });

  const cafe = await openAccount(scene, 'Café');
  const anna = await openAccount(scene, 'Anna');
  await scene.admin('account', 'topup', anna.account_id, '50.00EUR');
  await tell({ who: 'admin', text: 'Opened an account for the café and one for Anna, who brought 50.00 EUR.' });

  await enrolPhone(scene, anna, identityCode);
  await tell({ who: 'phone', text: 'Enrolled, and showed by the six digits that Anna was sent that the account is hers. It keeps a temporary code; Anna keeps her identity code in her head.' });

  await enrolRegister(scene, cafe, 'Till 1', '--ssid', 'Café', '--password-file', scene.keep('password.txt', shopPassword));
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

  await tellLedger(scene, tell);
  await scene.end();
}
