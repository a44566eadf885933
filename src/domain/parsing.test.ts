import { describe, expect, test } from 'vitest';
import { parseDescription, parsePassTmp } from './device.ts';
import { parseDuration } from './duration.ts';
import { LatchkeyError, type ErrorCode } from './errors.ts';
import { isId, parseId, parseUuid } from './identifiers.ts';
import { parsePassphrase, parseSsid } from './ssid.ts';
import { admitsAp, admitsDevice, parseScope } from './token.ts';

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : 'internal';
  }
}

describe('identifiers', () => {
  test('a uuid is lowered, and nothing else is repaired', () => {
    expect(parseUuid('9F1C7A52-6F0B-4F43-9D0E-1D2F8A0B1C2D')).toBe('9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d');
    for (const bad of ['', '9f1c7a526f0b4f439d0e1d2f8a0b1c2d', ' 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', 'g'.repeat(36)]) {
      expect(codeOf(() => parseUuid(bad))).toBe('invalid_input');
    }
  });

  test('an id has 1 to 64 letters, digits, _ and -', () => {
    expect(isId('a'.repeat(64))).toBe(true);
    for (const bad of ['', 'a'.repeat(65), 'a b', 'ä', 'a\n']) {
      expect(codeOf(() => parseId(bad))).toBe('invalid_input');
    }
  });
});

describe('Wi-Fi names and passwords', () => {
  test('an SSID is counted in bytes of UTF-8', () => {
    expect(parseSsid('日本語のカフェのネッ')).toBe('日本語のカフェのネッ');
    expect(codeOf(() => parseSsid('日本語のカフェのネット'))).toBe('invalid_input');
    for (const bad of ['', 'a\0b', 'a\u001b[31m', '\ud800']) {
      expect(codeOf(() => parseSsid(bad))).toBe('invalid_input');
    }
  });

  test('a passphrase has 8 to 63 printable ASCII characters', () => {
    expect(parsePassphrase('correct horse battery 9!')).toBe('correct horse battery 9!');
    for (const bad of ['seven77', 'x'.repeat(64), 'pässwörd', 'tab\there1']) {
      expect(codeOf(() => parsePassphrase(bad))).toBe('invalid_input');
    }
  });
});

describe('pass_tmp', () => {
  test('fewer than 16 characters are weak and need leave', () => {
    expect(parsePassTmp('0123456789abcdef', { allowWeak: false })).toEqual({ passTmp: '0123456789abcdef', weak: false });
    expect(codeOf(() => parsePassTmp('0123456789abcde', { allowWeak: false }))).toBe('weak_pass_tmp');
    expect(parsePassTmp('1234', { allowWeak: true })).toEqual({ passTmp: '1234', weak: true });
  });

  test('bytes count against the limit, characters for the strength', () => {
    expect(codeOf(() => parsePassTmp('é'.repeat(33), { allowWeak: false }))).toBe('invalid_input');
    expect(parsePassTmp('😀'.repeat(15), { allowWeak: true }).weak).toBe(true);
    expect(codeOf(() => parsePassTmp('', { allowWeak: true }))).toBe('invalid_input');
  });

  test('descriptions carry no control characters', () => {
    expect(codeOf(() => parseDescription('a\u001b[2J', 'label'))).toBe('invalid_input');
    expect(codeOf(() => parseDescription('', 'label'))).toBe('invalid_input');
  });

  test('descriptions have 64 characters at most, as the wire counts them', () => {
    expect(parseDescription('😀'.repeat(64), 'label')).toHaveLength(128);
    expect(codeOf(() => parseDescription('😀'.repeat(65), 'label'))).toBe('invalid_input');
  });
});

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['10min', 600_000],
    ['250ms', 250],
    ['7d', 604_800_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['', '5', 's', '1.5h', '-3s', '0s', '1h ', '4000d', '1y'])('%j is none', (text) => {
    expect(codeOf(() => parseDuration(text))).toBe('invalid_input');
  });
});

describe('scope', () => {
  const lamp = { uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', model: 'lamp', batch: undefined };

  test('nothing and "all" admit every device', () => {
    expect(admitsDevice(parseScope([]), lamp)).toBe(true);
    expect(admitsDevice(parseScope(['all']), lamp)).toBe(true);
  });

  test('lists add up', () => {
    expect(admitsDevice(parseScope(['model=camera', `uuid=${lamp.uuid.toUpperCase()}`]), lamp)).toBe(true);
    expect(admitsDevice(parseScope(['model=camera', 'batch=b1']), lamp)).toBe(false);
    expect(admitsDevice(parseScope(['ap=ap_1']), lamp)).toBe(true);
  });

  test('access points are limited by their own list alone', () => {
    expect(admitsAp(parseScope(['ap=ap_1']), 'ap_2')).toBe(false);
    expect(admitsAp(parseScope(['model=lamp']), 'ap_2')).toBe(true);
  });

  test.each(['lamp', 'model=', 'colour=red', 'uuid=nonsense'])('%s is refused', (match) => {
    expect(codeOf(() => parseScope([match]))).toBe('invalid_input');
  });

  test('"all" goes alone', () => {
    expect(codeOf(() => parseScope(['all', 'model=lamp']))).toBe('invalid_input');
  });
});
