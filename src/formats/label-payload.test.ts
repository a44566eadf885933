import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelPayload, parseLabelPayload } from './label-payload.ts';

const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';

test('says who the device is and where it waits', () => {
  expect(labelPayload({ uuid, model: 'lamp-2', ssid: 'iot-setup' })).toBe(`LATCHKEY:1;U:${uuid};M:lamp-2;S:iot-setup;;`);
  expect(labelPayload({ uuid, model: undefined, ssid: 'iot-setup' })).toBe(`LATCHKEY:1;U:${uuid};S:iot-setup;;`);
});

test('no value ends its field', () => {
  expect(labelPayload({ uuid, model: 'a;S:b', ssid: '\\,:"' })).toBe(`LATCHKEY:1;U:${uuid};M:a\\;S\\:b;S:\\\\\\,\\:\\";;`);
});

test('whatever is written is read back', () => {
  const text = (max: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength: max }).filter((s) => !/[\u0000-\u001f\u007f]/.test(s) && Buffer.byteLength(s) <= 32);
  fc.assert(fc.property(fc.uuid(), fc.option(text(16), { nil: undefined }), text(8), (id, model, ssid) => {
    expect(parseLabelPayload(labelPayload({ uuid: id, model, ssid }))).toEqual({ uuid: id, model, ssid });
  }));
});

test.each([
  '',
  'LATCHKEY:1;;',
  `LATCHKEY:1;U:${uuid};;`,
  `LATCHKEY:1;S:iot;U:${uuid};;`,
  `LATCHKEY:1;U:${uuid};S:iot;`,
  `LATCHKEY:1;U:${uuid};S:iot;; `,
  `LATCHKEY:1;U:${uuid};M:;S:iot;;`,
  `LATCHKEY:1;U:${uuid};S:;;`,
  `LATCHKEY:1;U:${uuid};S:a:b;;`,
  `LATCHKEY:1;U:${uuid};S:\\a;;`,
  `LATCHKEY:1;U:${uuid};S:iot\\;;`,
  `LATCHKEY:1;U:${uuid};X:1;S:iot;;`,
  `LATCHKEY:1;U:${uuid.toUpperCase()};S:iot;;`,
  `LATCHKEY:1;U:${uuid.slice(1)};S:iot;;`,
  `LATCHKEY:1;U:${uuid};S:${'x'.repeat(33)};;`,
])('anything else is refused: %s', (text) => {
  expect(() => parseLabelPayload(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('another version is named', () => {
  expect(() => parseLabelPayload(`LATCHKEY:2;U:${uuid};S:iot;;`)).toThrow('version 2');
});
