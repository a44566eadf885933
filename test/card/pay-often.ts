import { randomBytes } from 'node:crypto';
import { cardLanguage } from '../../src/cli/cards/card-language.ts';
import { CardDesk } from '../../src/roles/card/desk.ts';
import { openCardStore } from '../../src/storage/card-store.ts';
import { paymentService } from './card-desk.ts';

/** Begins payments one after the other, and sends what came of them. */
const [path = '', name = '', times = '', amount = '', at = ''] = process.argv.slice(2);
const store = await openCardStore(path);
const desk = new CardDesk({ store, language: cardLanguage, clock: { now: () => new Date() }, random: { bytes: (length) => randomBytes(length) } });
const outcomes: (string | undefined)[] = [];
for (let number = 0; number < Number(times); number += 1) {
  const judged = await desk.begin({ guard: 'pay', key: `${name}-${number}`, holder: 'acc_1', service: paymentService(amount, new Date(at)) });
  outcomes.push(judged?.outcome);
}
store.close();
process.send!(outcomes, () => process.disconnect?.());
