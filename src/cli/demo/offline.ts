import { join } from 'node:path';
import type { DisputeWire } from '../../api/codes.ts';
import type { CodeAcceptanceWire } from '../present/code-acceptances.ts';
import { moneyForPeople } from '../present/money.ts';
import { countsForPeople, type CodeSettlementWire } from '../present/settlements.ts';
import { localTime } from '../present/time.ts';
import type { ShownCodeWire, WalletCodesWire, WalletCodeWire } from '../present/wallet-codes.ts';
import { enrolPhone, enrolRegister, openAccount, tellLedger } from './money.ts';
import { Scene, type Narrator } from './scene.ts';

const identityCode = '2468';
const spending = {
  name: 'spending',
  version: 1,
  kind: 'payment',
  guards: ['pay'],
  parameters: [{ id: 'large', type: 'largest_amount', at_most: '15.00EUR', reason: 'No more than that at once' }],
};
/**
 * Pay while no server can be asked: server, phone and two cash registers are processes of this program in a temporary
 * home; the server is stopped, and comes back.
 */
export async function tellOffline(narrator: Narrator): Promise<void> {
  const { tell, ask } = narrator;
  const scene = await Scene.start(narrator);
  const { programs } = scene;
  await tell({ who: 'server', text: `Runs at ${scene.url}, with its ledger in a new SQLite file.` });

  const cafe = await openAccount(scene, 'Café');
  const kiosk = await openAccount(scene, 'Kiosk');
  const anna = await openAccount(scene, 'Anna');
  await scene.admin('account', 'credit', 'set', anna.account_id, '20.00EUR');
  await tell({ who: 'admin', text: 'Opened accounts for the café, the kiosk and Anna. She brought no money, and is given credit of 20.00 EUR.' });

  await enrolPhone(scene, anna, identityCode);
  const code = await programs.json<WalletCodeWire>(
    ['code', 'issue', '--limit', '20.00EUR', '--max-each', '5.00EUR', '--uses', '4', '--valid', '24h', '--identity-code-file', '-'],
    identityCode,
  );
  await tell({
    who: 'phone',
    text: 'Has a credit payment code issued. The server holds the whole limit and signs what the code allows, for a key that the phone made. Whose it is stands nowhere in it.',
    lines: [`code   ${code.code_id}`, `limit  ${moneyForPeople(code.limit)}, at most ${moneyForPeople(code.max_each)} each, ${code.uses} uses`],
  });

  await enrolRegister(scene, cafe, 'Till 1');
  await enrolRegister(scene, kiosk, 'Till 2', '--profile', 'kiosk');
  for (const profile of ['pos', 'kiosk']) {
    await programs.json(['code', 'trust', 'sync', '--profile', profile]);
  }
  await tell({ who: 'registers', text: 'That of the café and that of the kiosk have each fetched what they trust: the key of the server, and what was revoked.' });

  await scene.stopServer();
  const { failure: away } = await programs.refused(['pay', '--to', cafe.account_id, '--amount', '3.20EUR', '--identity-code-file', '-'], identityCode);
  await tell({ who: 'server', text: 'Is stopped. An ordinary payment comes to nothing now:', lines: [away.message] });

  const yes = ask === undefined ? true : await ask('You are Anna. The café’s till says 3.20 EUR for a coffee, and nobody can be asked. Pay by code?');
  if (!yes) {
    await programs.stopAll();
    await tell({ who: 'phone', text: 'Showed nothing. The processes are stopped, and their folder is removed.' });
    return;
  }
  const photo = join(scene.home, 'photo.png');
  const shown = await programs.json<ShownCodeWire>(['code', 'show', '--amount', '3.20EUR', '--png', photo]);
  await tell({
    who: 'phone',
    text: `Shows the code for this amount, as a QR code of ${shown.text.length} characters, signed anew for this showing. It counts as a use from before it is seen.`,
    lines: [`${shown.text.slice(0, 60)} …`, `left then  ${moneyForPeople(shown.amount_left)}, ${shown.uses_left} of ${shown.uses} uses`],
  });

  const accepted = await programs.json<CodeAcceptanceWire>(['code', 'accept', '--amount', '3.20EUR', '--profile', 'pos'], `${shown.text}\r\n`);
  await tell({
    who: 'café',
    text: 'Its register took what the scanner typed, asked nobody, and had it on the disk before it said so. Anna gets a receipt that the register signed.',
    lines: [acceptedLine(accepted), `${accepted.checks.filter(({ outcome }) => outcome === 'passed').length} of ${accepted.checks.length} checks passed`],
  });

  const again = await programs.refused(['code', 'accept', '--amount', '3.20EUR', '--image', photo, '--profile', 'pos']);
  const copied = await programs.json<CodeAcceptanceWire>(['code', 'accept', '--amount', '3.20EUR', '--image', photo, '--profile', 'kiosk']);
  await tell({
    who: 'somebody',
    text: 'Took a photo of Anna’s screen, and is quick. The café’s register knows this showing; that of the kiosk cannot, and takes it provisionally, too. Had Anna named the café (--payee), it would not have.',
    lines: [`café   refused: ${again.failure.code}`, `kiosk  ${acceptedLine(copied)}`],
  });

  await scene.startServer();
  const settled = await programs.json<CodeSettlementWire>(['code', 'settle', '--profile', 'pos']);
  const disputed = await programs.refused<CodeSettlementWire>(['code', 'settle', '--profile', 'kiosk']);
  if (disputed.result === undefined) {
    throw disputed.failure;
  }
  await tell({
    who: 'registers',
    text: 'The server is back, and both bring what they have accepted:',
    lines: [`café   ${countsForPeople(settled.counts!)}`, `kiosk  ${countsForPeople(disputed.result.counts!)}`],
  });
  const { items: [dispute] } = await scene.admin<{ items: DisputeWire[] }>('code', 'disputes', 'list');
  await tell({
    who: 'server',
    text: 'Charged the showing once, keeps both receipts, and suspends nobody: who showed it did nothing wrong. The kiosk gave its goods away for a photo.',
    lines: [`outcome  ${dispute?.outcome}`, `loss     ${dispute && moneyForPeople(dispute.loss)}, borne by the ${dispute?.borne_by}`],
  });

  const { codes: [left] } = await programs.json<WalletCodesWire>(['code', 'list']);
  await tell({ who: 'phone', text: `Hears what was paid: ${left && moneyForPeople(left.settled)}. The code has ${left && moneyForPeople(left.amount_left)} left, for ${left?.uses_left} payments.` });

  await programs.json(['card', 'app', 'add', scene.keep('spending.json', JSON.stringify(spending))]);
  const { failure: terminated } = await programs.refused(['pay', '--to', cafe.account_id, '--amount', '16.00EUR', '--identity-code-file', '-'], identityCode);
  await tell({
    who: 'phone',
    text: 'Anna adds a card application, which guards her payments on this phone from now on. It terminates one that is too large before anything is asked or sent; the server is told, for its log.',
    lines: [terminated.message],
  });

  await tellLedger(scene, tell);
  await scene.end();
}

function acceptedLine({ amount, settle_by: by }: CodeAcceptanceWire): string {
  return `accepted (provisional) ${moneyForPeople(amount)}, settle by ${localTime(by!)}`;
}
