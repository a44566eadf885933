import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commissioningFlows, discoveries, manualPairingCode, matterPayload, parseMatterPayload, parsePasscode, type MatterOnboarding } from './matter.ts';

const lamp: MatterOnboarding = { discriminator: 3840, passcode: 20202021, vendor: 0xfff1, product: 0x8000, flow: 'standard', discovery: ['ble'] };
const softAp: MatterOnboarding = { discriminator: 128, passcode: 2048, vendor: 12, product: 1, flow: 'standard', discovery: ['soft-ap'] };

/** As the reference implementation of Matter (connectedhomeip) writes them in its tests and guides. */
test.each([
  ['MT:Y.K9042C00KA0648G00', lamp],
  ['MT:Y.K90SO527JA0648G00', { ...lamp, discriminator: 3839, discovery: ['on-network'] }],
  ['MT:M5L90MP500K64J00000', softAp],
  ['MT:M5L90U.D010K4J00000', { ...softAp, discriminator: 129, passcode: 2049 }],
  ['MT:M5L900CM02IX4J00000', { ...softAp, discriminator: 130, passcode: 2050 }],
  ['MT:M5L908OU03-85J00000', { ...softAp, discriminator: 131, passcode: 2051 }],
] as const)('%s', (text, onboarding) => {
  expect(matterPayload(onboarding)).toBe(text);
  expect(parseMatterPayload(text)).toEqual(onboarding);
});

test('the code to type has a check digit, and vendor and product where the flow needs them', () => {
  expect(manualPairingCode(lamp)).toBe('34970112332');
  expect(manualPairingCode({ ...lamp, flow: 'user-intent' })).toBe('749701123365521327687');
  expect(manualPairingCode({ ...lamp, flow: 'custom', product: 0x8001 })).toBe('749701123365521327694');
});

test('whatever is written is read back', () => {
  const onboarding = fc.record({
    discriminator: fc.integer({ min: 0, max: 0xfff }),
    passcode: fc.integer({ min: 1, max: 99_999_998 }).filter((code) => code % 11_111_111 !== 0),
    vendor: fc.integer({ min: 1, max: 0xfff4 }),
    product: fc.integer({ min: 1, max: 0xffff }),
    flow: fc.constantFrom(...commissioningFlows),
    discovery: fc.subarray([...discoveries], { minLength: 1 }),
  });
  fc.assert(fc.property(onboarding, (given) => {
    expect(parseMatterPayload(matterPayload(given))).toEqual(given);
    expect(manualPairingCode(given)).toMatch(given.flow === 'standard' ? /^[0-3]\d{10}$/ : /^[4-7]\d{20}$/);
  }));
});

test.each(['00000000', '11111111', '55555555', '99999999', '12345678', '87654321', '1234567', '123456789', '-1234567', ' 2020202', ''])(
  'the passcode %j is refused, and not repeated',
  (text) => {
    expect(() => parsePasscode(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
    expect(() => parsePasscode(text)).not.toThrow(text === '' ? 'never' : text);
  },
);

test('a passcode may begin with zeros', () => {
  expect(parsePasscode('00000001')).toBe(1);
  expect(manualPairingCode({ ...lamp, passcode: 1 })).toHaveLength(11);
});

test.each([
  { discriminator: 4096 }, { discriminator: -1 }, { discriminator: 1.5 }, { vendor: 0 }, { vendor: 0xfff5 }, { product: 0 },
  { product: 0x1_0000 }, { passcode: 0 }, { passcode: 22222222 }, { passcode: 2 ** 27 }, { discovery: [] },
])('refuses %o', (part) => {
  expect(() => matterPayload({ ...lamp, ...part })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  if (!('discovery' in part)) {
    expect(() => manualPairingCode({ ...lamp, ...part })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  }
});

test.each(['', 'MT:', 'Y.K9042C00KA0648G00', 'MT:Y.K9042C00KA0648G0', 'MT:Y.K9042C00KA0648G000', 'MT:y.k9042C00KA0648G00', 'MT:Z.K9042C00KA0648G00', 'MT:.....2C00KA0648G00', 'MT:Y.K9042C00KA0648G0.'])(
  'parsing refuses %j',
  (text) => {
    expect(() => parseMatterPayload(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  },
);
