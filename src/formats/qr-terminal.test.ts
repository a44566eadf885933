import { expect, test } from 'vitest';
import { qrCode } from './qr.ts';
import { qrTerminal, qrTerminalWidth } from './qr-terminal.ts';

const code = qrCode('WIFI:T:WPA;S:Home;P:correct horse;;', 'M');

test('every line says its colours, of a palette that no theme changes, and takes them back', () => {
  const lines = qrTerminal(code, { colours: true }).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(Math.ceil(qrTerminalWidth(code) / 2));
  for (const line of lines) {
    expect(line).toMatch(/^(\u001b\[38;5;(16|231);48;5;(16|231)m[ ▄]+)+\u001b\[0m$/);
    expect(line.replaceAll(/\u001b\[[\d;]*m/g, '')).toHaveLength(qrTerminalWidth(code));
  }
});

test('what is dark or light as a whole is background, for blocks of many fonts leave gaps between lines', () => {
  const both = qrTerminal({ size: 4, isDark: () => true }, { colours: true }).split('\n')[2];
  expect(both).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;16;48;5;16m    \u001b[38;5;231;48;5;231m    \u001b[0m');
  const lower = qrTerminal({ size: 4, isDark: (_, y) => y % 2 === 1 }, { colours: true }).split('\n')[2];
  expect(lower).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;16;48;5;231m▄▄▄▄\u001b[38;5;231;48;5;231m    \u001b[0m');
  const upper = qrTerminal({ size: 4, isDark: (_, y) => y % 2 === 0 }, { colours: true }).split('\n')[2];
  expect(upper).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;231;48;5;16m▄▄▄▄\u001b[38;5;231;48;5;231m    \u001b[0m');
});

test('without colours there is nothing but blocks, and light is what is inked, or dark', () => {
  const light = qrTerminal(code, { colours: false });
  expect(light).toMatch(/^[ ▀▄█\n]+$/);
  expect(light.split('\n')[0]).toBe('█'.repeat(qrTerminalWidth(code)));
  const dark = qrTerminal(code, { colours: false, darkInk: true });
  const opposite: Record<string, string> = { ' ': '█', '█': ' ', '▀': '▄', '▄': '▀', '\n': '\n' };
  expect(dark).toBe([...light].map((each) => opposite[each]).join(''));
});
