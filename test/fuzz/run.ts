/** `npm run fuzz`: changed codes and receipts against what is promised of all; what has a new outcome is added to the corpus. */
import { parseArgs } from 'node:util';
import { addToCorpus, fuzz, seedOfThisRun } from './fuzz.ts';

const usage = `npm run fuzz -- [--seconds N]

Changes credit payment codes and their receipts in many ways for that long, by default for 60 seconds, and holds what becomes
of them to what is promised: each is refused with a reason, in little time, or is what would have been written. What is
refused for a reason that nothing was before goes into test/fuzz/corpus. LATCHKEY_FUZZ_SEED=… plays a run again.`;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, help: { type: 'boolean', default: false } } });
if (values.help) {
  console.log(usage);
} else {
  const seed = seedOfThisRun();
  const { cases, outcomes, news } = fuzz(seed, Number(values.seconds) * 1000);
  for (const [outcome, count] of [...outcomes].sort(([, one], [, other]) => other - one)) {
    console.log(`${String(count).padStart(9)}  ${outcome}`);
  }
  addToCorpus(news);
  console.log(`${cases} cases by the seed ${seed}, ${outcomes.size} outcomes, ${news.length} of them new.`);
}
