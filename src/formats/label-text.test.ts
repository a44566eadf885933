import { expect, test } from 'vitest';
import { labelLine, parseLabelTemplate } from './label-text.ts';

const line = (template: string, values = {}) => labelLine(parseLabelTemplate(template), values);

test('names what a device has', () => {
  expect(line('{model} / {uuid-end}', { model: 'lamp', 'uuid-end': '1d2f8a0b1c2d' })).toBe('lamp / 1d2f8a0b1c2d');
  expect(line('Made in Wien')).toBe('Made in Wien');
  expect(line('{{model} } {{', { model: 'lamp' })).toBe('{model} } {');
});

test('a line that names what the device lacks is left out', () => {
  expect(line('Batch {batch}', { model: 'lamp' })).toBeUndefined();
});

test('what nobody would see is shown', () => {
  expect(line('{label}', { label: 'a\u202eb' })).toBe('a\\u202eb');
});

test.each(['{pass_tmp}', '{}', '{model', '{Model}'])('%j stands for nothing', (template) => {
  expect(() => parseLabelTemplate(template)).toThrow(expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('{uuid}') }));
});
