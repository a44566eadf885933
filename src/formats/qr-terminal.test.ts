import { expect, test } from 'vitest';
import { qrCode } from './qr.ts';
import { qrTerminal, qrTerminalWidth } from './qr-terminal.ts';

const code = qrCode('WIFI:T:WPA;S:Home;P:correct horse;;', 'M');

test('every line says its colours, of a palette that no theme changes, and takes them back', () => {
  const lines = qrTerminal(code, 'colours').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(Math.ceil(qrTerminalWidth(code) / 2));
  for (const line of lines) {
    expect(line).toMatch(/^(\u001b\[38;5;(16|231);48;5;(16|231)m[ ▄]+)+\u001b\[0m$/);
    expect(line.replaceAll(/\u001b\[[\d;]*m/g, '')).toHaveLength(qrTerminalWidth(code));
  }
});

test('what is dark or light as a whole is background, for blocks of many fonts leave gaps between lines', () => {
  const both = qrTerminal({ size: 4, isDark: () => true }, 'colours').split('\n')[2];
  expect(both).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;16;48;5;16m    \u001b[38;5;231;48;5;231m    \u001b[0m');
  const lower = qrTerminal({ size: 4, isDark: (_, y) => y % 2 === 1 }, 'colours').split('\n')[2];
  expect(lower).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;16;48;5;231m▄▄▄▄\u001b[38;5;231;48;5;231m    \u001b[0m');
  const upper = qrTerminal({ size: 4, isDark: (_, y) => y % 2 === 0 }, 'colours').split('\n')[2];
  expect(upper).toBe('\u001b[38;5;231;48;5;231m    \u001b[38;5;231;48;5;16m▄▄▄▄\u001b[38;5;231;48;5;231m    \u001b[0m');
});

test('reverse video does the same with what is inked', () => {
  const lines = (darkInk: boolean) => [() => true, (_: number, y: number) => y % 2 === 1, (_: number, y: number) => y % 2 === 0].map((isDark) => qrTerminal({ size: 4, isDark }, 'reversal', { darkInk }).split('\n')[2]);
  const [on, off] = ['\u001b[0m\u001b[7m', '\u001b[0m'];
  expect(lines(true)).toEqual([`${off}    ${on}    ${off}    ${off}`, `${off}    ▄▄▄▄    ${off}`, `${off}    ${on}▄▄▄▄${off}    ${off}`]);
  expect(lines(false)).toEqual([`${on}    ${off}    ${on}    ${off}`, `${on}    ▄▄▄▄    ${off}`, `${on}    ${off}▄▄▄▄${on}    ${off}`]);
});

test('of ink alone there is nothing but blocks, and light is what is inked, or dark', () => {
  const light = qrTerminal(code, 'ink');
  expect(light).toMatch(/^[ ▀▄█\n]+$/);
  expect(light.split('\n')[0]).toBe('█'.repeat(qrTerminalWidth(code)));
  const dark = qrTerminal(code, 'ink', { darkInk: true });
  const opposite: Record<string, string> = { ' ': '█', '█': ' ', '▀': '▄', '▄': '▀', '\n': '\n' };
  expect(dark).toBe([...light].map((each) => opposite[each]).join(''));
});
