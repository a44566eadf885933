import { expect, test } from 'vitest';
import { qrCode } from './qr.ts';
import { qrTerminal, qrTerminalWidth } from './qr-terminal.ts';

const code = qrCode('WIFI:T:WPA;S:Home;P:correct horse;;', 'M');

test('every line says its colours and takes them back', () => {
  const lines = qrTerminal(code, { colours: true }).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(Math.ceil(qrTerminalWidth(code) / 2));
  for (const line of lines) {
    expect(line).toMatch(new RegExp(`^\\u001b\\[38;5;16;48;5;231m[ ▀▄█]{${qrTerminalWidth(code)}}\\u001b\\[0m$`));
  }
});

test('without colours there is nothing but blocks, and light is what is inked', () => {
  const text = qrTerminal(code, { colours: false });
  expect(text).toMatch(/^[ ▀▄█\n]+$/);
  expect(text.split('\n')[0]).toBe('█'.repeat(qrTerminalWidth(code)));
});
