/** `npm run bench`: measures the figures that are named, or all, and keeps them in bench/RESULTS.md. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureAccepting } from './accepting/measure.ts';
import { measureChecking } from './checking/measure.ts';
import { whyNotPinned } from './cores.ts';
import { measureEvents } from './events/measure.ts';
import { measureFinding } from './finding/measure.ts';
import { measureFlashing } from './flashing/measure.ts';
import { measureImages } from './images/measure.ts';
import { measureJoining } from './joining/measure.ts';
import { measureOnboarding } from './onboarding/measure.ts';
import { measurePaying } from './paying/measure.ts';
import { measureRadio } from './radio/measure.ts';
import { measureRadius } from './radius/measure.ts';
import { measureRegistering } from './registering/measure.ts';
import { keepSections, renderSection, type Section } from './report.ts';
import { measureRequesting } from './requesting/measure.ts';
import { measureSettling } from './settling/measure.ts';
import { measureStartUp } from './start-up.ts';
import { measureTapping } from './tapping/measure.ts';
import { measureVerification } from './verification/measure.ts';

const root = path.join(import.meta.dirname, '../..');
const cache = path.join(root, '.cache/bench');
const usage = `npm run bench -- [--quick] [startup] [verify] [onboard] [register] [image] [flash] [radio] [radius] [join] [pay] [tap] [accept] [settle] [check] [find] [events] [request]

Measures start-up, verification, onboarding, what factories do with many devices, what grants cost an access point, how fast it answers RADIUS, how
long a device takes to join over the air, how many payments are made and codes settled a second, how long a tap takes, how long a code takes to be accepted, how many services are checked, how many searches for offers are answered a second, how soon terminals have what they are told, and how soon a guest of a shared network has its code, against baselines in the same run;
about half an hour, the first time some more for a registry of a million devices and a file of ten million. --quick: small sizes in about a minute, nothing is kept.`;

const figures: Record<string, (quick: boolean) => Promise<Section>> = {
  startup: (quick) => measureStartUp({ rounds: quick ? 10 : 41 }),
  verify: (quick) =>
    measureVerification(
      quick
        ? { many: 10_000, few: 1_000, rounds: 1, warmUpMs: 1000, windowMs: 2000, postgres: false }
        : { many: 1_000_000, few: 10_000, rounds: 7, warmUpMs: 2000, windowMs: 6000, postgres: true },
      cache,
    ),
  onboard: (quick) => measureOnboarding(quick ? { devices: 100, registered: 1_000, rounds: 1 } : { devices: 1000, registered: 10_000, rounds: 7 }, cache),
  register: (quick) =>
    measureRegistering(
      quick ? { devices: 50_000, rounds: 1, many: 0, postgres: false } : { devices: 1_000_000, rounds: 3, many: 10_000_000, postgres: true },
      cache,
    ),
  image: (quick) => measureImages(quick ? { devices: 5_000, labels: 200, rounds: 1 } : { devices: 50_000, labels: 10_000, rounds: 3 }, cache),
  radio: (quick) => measureRadio(quick ? { grants: 500, changes: 3, restMs: 5000 } : { grants: 10_000, changes: 20, restMs: 60_000 }),
  join: (quick) => measureJoining({ rounds: quick ? 2 : 9 }),
  radius: (quick) =>
    measureRadius(
      quick ? { grants: 10_000, rounds: 1, warmUpMs: 1000, windowMs: 2000 } : { grants: 1_000_000, rounds: 7, warmUpMs: 2000, windowMs: 6000 },
      cache,
    ),
  pay: (quick) =>
    measurePaying(
      quick
        ? { many: 10_000, few: 1_000, rounds: 1, warmUpMs: 1000, windowMs: 2000, postgres: true }
        : { many: 5_000_000, few: 5_000, rounds: 7, warmUpMs: 2000, windowMs: 6000, postgres: true },
      cache,
    ),
  settle: (quick) =>
    measureSettling(
      quick
        ? { payments: 1_000, codes: 1_000, rounds: 1, warmUpMs: 1000, windowMs: 2000, postgres: true }
        : { payments: 5_000, codes: 5_000, rounds: 7, warmUpMs: 2000, windowMs: 6000, postgres: true },
      cache,
    ),
  accept: (quick) => measureAccepting(quick ? { many: 20_000, rounds: 3, codes: 500, accepted: 100 } : { many: 1_000_000, rounds: 15, codes: 2_000, accepted: 500 }, cache),
  tap: (quick) => measureTapping({ rounds: quick ? 50 : 500 }, cache),
  check: (quick) => measureChecking(quick ? { cases: 1000, rounds: 1, warmUpMs: 500, windowMs: 1500 } : { cases: 5000, rounds: 7, warmUpMs: 2000, windowMs: 5000 }),
  find: (quick) =>
    measureFinding(
      quick ? { many: 100_000, few: 10_000, rounds: 1, warmUpMs: 1000, windowMs: 2000 } : { many: 1_000_000, few: 10_000, rounds: 7, warmUpMs: 2000, windowMs: 6000 },
      cache,
    ),
  events: (quick) => measureEvents(quick ? { terminals: 1_000, rounds: 10, perSecond: 100, seconds: 5, runs: 1 } : { terminals: 1_000, rounds: 60, perSecond: 100, seconds: 30, runs: 7 }, cache),
  request: (quick) => measureRequesting(quick ? { guests: 60, rounds: 1 } : { guests: 200, rounds: 7 }, cache),
  flash: (quick) => measureFlashing(quick ? { stations: 2, boards: 2, rounds: 1 } : { stations: 8, boards: 10, rounds: 3 }, cache),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(figures, name));
const problem = unknown.length > 0 ? `There is no figure ${unknown.join(', ')}.` : whyNotPinned();
if (values.help || problem !== undefined) {
  console.log(values.help ? usage : `${problem}\n\n${usage}`);
  process.exitCode = values.help ? 0 : 2;
} else {
  mkdirSync(cache, { recursive: true });
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(figures)) {
    if (positionals.length === 0 || positionals.includes(name)) {
      const section = await measure(values.quick);
      sections.push(section);
      console.log(renderSection(section));
    }
  }
  if (!values.quick) {
    keepSections(path.join(root, 'bench/RESULTS.md'), sections);
  }
}
