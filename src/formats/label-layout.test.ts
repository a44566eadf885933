import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bitmap } from './bitmap.ts';
import { labelBitmap } from './label-bitmap.ts';
import { cells, cellHeight, cellWidth, layOutLabel, type LabelLayout } from './label-layout.ts';
import { parseLogo } from './label-logo.ts';
import { planSheet, sheetSvg } from './label-sheet.ts';
import { labelSvg } from './label-svg.ts';
import { labelZpl } from './label-zpl.ts';
import { writePng } from './png.ts';
import { qrCode, quietZone } from './qr.ts';

const qr = qrCode('LATCHKEY:1;U:9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d;M:lamp-2;S:iot-setup;;', 'M');
const usual = { widthMm: 50, heightMm: 25, dpi: 300 };
const square = new Bitmap(20, 20);
square.fill(5, 5, 10, 10);
const logo = parseLogo(writePng(square, 100));
const svgLogo = parseLogo(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'));

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly right: number;
  readonly bottom: number;
}

/** The QR code with its quiet zone, the logo, each line. */
function boxes({ qr: { code, x, y, module }, logo: placed, lines }: LabelLayout): Placed[] {
  const quiet = quietZone * module;
  const side = code.size * module;
  return [
    { x: x - quiet, y: y - quiet, right: x + side + quiet, bottom: y + side + quiet },
    ...(placed === undefined ? [] : [{ x: placed.x, y: placed.y, right: placed.x + placed.width, bottom: placed.y + placed.height }]),
    ...lines.map(({ x, y, scale, text }) => ({ x, y, right: x + (cells(text) * cellWidth - 1) * scale, bottom: y + (cellHeight - 1) * scale })),
  ];
}

test('nothing overlaps and nothing is cut off, whatever the label', () => {
  const label = fc.record({
    lines: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }), { maxLength: 5 }),
    logo: fc.constantFrom(undefined, logo),
    payload: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 }),
  });
  const size = fc.record({ widthMm: fc.integer({ min: 5, max: 110 }), heightMm: fc.integer({ min: 5, max: 110 }), dpi: fc.constantFrom(203, 300, 600) });
  let laid = 0;
  fc.assert(fc.property(label, size, ({ lines, logo: picture, payload }, dimensions) => {
    let layout: LabelLayout;
    try {
      layout = layOutLabel({ qr: qrCode(payload, 'M'), lines, logo: picture }, dimensions);
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('no room') });
      return;
    }
    laid += 1;
    const all = boxes(layout);
    for (const [index, { x, y, right, bottom }] of all.entries()) {
      expect(x >= 0 && y >= 0 && right <= layout.width && bottom <= layout.height, JSON.stringify(all[index])).toBe(true);
      for (const other of all.slice(index + 1)) {
        expect(right <= other.x || other.right <= x || bottom <= other.y || other.bottom <= y).toBe(true);
      }
    }
    expect(layout.lines).toHaveLength(lines.length);
  }), { numRuns: 300 });
  expect(laid).toBeGreaterThan(50);
});

test('text is as large as it can be, and what is too long ends visibly', () => {
  const short = layOutLabel({ qr, lines: ['lamp-2', '1d2f8a0b1c2d'], logo: undefined }, usual);
  expect(short.shortened).toEqual([]);
  expect(short.lines.every(({ scale }) => scale >= 4)).toBe(true);
  const long = layOutLabel({ qr, lines: ['lamp-2', 'x'.repeat(200)], logo: undefined }, usual);
  expect(long.lines[0]!.scale).toBe(short.lines[0]!.scale);
  expect(long.lines[1]!.text).toMatch(/^x{10,}\.\.\.$/);
  expect(long.shortened).toEqual(['x'.repeat(200)]);
});

test('a label that is too small is refused', () => {
  for (const [size, lines] of [[{ ...usual, widthMm: 8 }, []], [{ ...usual, heightMm: 8 }, []], [usual, Array.from({ length: 40 }, () => 'line')]] as const) {
    expect(() => layOutLabel({ qr, lines, logo: undefined }, size)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  }
  // Room for its QR code, and beside it for not even the three dots of a text that goes on.
  const narrow = { qr: qrCode('A', 'L'), logo: undefined };
  expect(layOutLabel({ ...narrow, lines: [] }, { widthMm: 9, heightMm: 8, dpi: 600 }).lines).toEqual([]);
  expect(() => layOutLabel({ ...narrow, lines: ['lamp-2'] }, { widthMm: 9, heightMm: 8, dpi: 600 })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('no value becomes a command of the printer or an element of the picture', () => {
  const layout = layOutLabel({ qr, lines: ['^XZ~JA^FS_5E', '"/><script>&', 'Grün ✓'], logo: undefined }, { ...usual, widthMm: 100 });
  const zpl = labelZpl(layout);
  expect(zpl).toContain('^FH_^FD_5EXZ_7EJA_5EFS_5F5E^FS');
  expect(zpl).toContain('^FDGr_C3_BCn _E2_9C_93^FS');
  expect(zpl.match(/\^XA|\^XZ|~/g)).toEqual(['^XA', '^XZ']);
  expect(zpl).toMatch(/^[\x0a\x20-\x7e]*$/);
  expect(labelSvg(layout)).toContain('>&quot;/&gt;&lt;script&gt;&amp;</text>');
});

test('a logo in PNG goes everywhere, one in SVG into SVG alone', () => {
  const drawn = layOutLabel({ qr, lines: ['lamp-2'], logo }, usual);
  const without = layOutLabel({ qr, lines: ['lamp-2'], logo: undefined }, usual);
  const { x, y, width, height } = drawn.logo!;
  const inside = (layout: LabelLayout) => {
    const bitmap = labelBitmap(layout);
    return Array.from({ length: width * height }, (_, at) => bitmap.isBlack(x + (at % width), y + Math.floor(at / width))).filter(Boolean).length;
  };
  // A quarter of the square picture is black, and the box is not higher than the picture is drawn.
  expect(inside(drawn) / height ** 2).toBeCloseTo(0.25, 1);
  expect(inside(without)).toBeLessThan(inside(drawn) / 2);
  expect(labelZpl(drawn).match(/\^GFA/g)).toHaveLength(2);
  expect(labelSvg(drawn)).toContain('href="data:image/png;base64,iVBORw0KGgo');
  const vector = layOutLabel({ qr, lines: [], logo: svgLogo }, usual);
  expect(labelSvg(vector)).toContain('href="data:image/svg+xml;base64,PHN2Zy');
  for (const draw of [labelBitmap, labelZpl]) {
    expect(() => draw(vector)).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('PNG') }));
  }
});

test('greys of a logo become patterns of about as much black', () => {
  const grey = parseLogo(writePng(Object.assign(new Bitmap(64, 64), {}), 100));
  grey.picture!.greys.fill(64);
  const layout = layOutLabel({ qr, lines: [], logo: grey }, usual);
  const bitmap = labelBitmap(layout);
  const { logo: box, height } = { logo: layout.logo!, height: layout.logo!.height };
  let black = 0;
  for (let y = 0; y < height; y += 1) for (let x = 0; x < box.width; x += 1) black += bitmap.isBlack(box.x + x, box.y + y) ? 1 : 0;
  expect(black / Math.min(box.width, height) ** 2).toBeCloseTo(0.75, 1);
});

test.each(['', 'GIF89a', '<html><svg></svg></html>', 'plain text'])('a logo that begins with %j is refused', (text) => {
  expect(() => parseLogo(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('a sheet takes as many as fit, and its marks touch no label', () => {
  const options = { paper: 'A4', marginMm: 10, gapMm: 2, cutMarks: true } as const;
  const sheet = planSheet(usual, options);
  expect([sheet.columns, sheet.rows]).toEqual([3, 10]);
  expect(planSheet({ widthMm: 190, heightMm: 277 }, options)).toMatchObject({ columns: 1, rows: 1 });
  expect(planSheet({ widthMm: 70, heightMm: 37 }, { ...options, marginMm: 0, gapMm: 0 })).toMatchObject({ columns: 3, rows: 8 });
  expect(planSheet(usual, { ...options, paper: 'Letter' })).toMatchObject({ columns: 3, rows: 9 });
  expect(() => planSheet({ widthMm: 191, heightMm: 10 }, options)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  const layout = layOutLabel({ qr, lines: ['lamp-2'], logo: undefined }, usual);
  const svg = sheetSvg([layout, layout, layout, layout], sheet);
  expect([...svg.matchAll(/<svg x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])).toEqual([[10, 10], [62, 10], [114, 10], [10, 37]]);
  const marks = [...svg.matchAll(/M([\d.]+) ([\d.]+)([hv])(-?[\d.]+)/g)].filter(([mark]) => svg.indexOf(mark) > svg.indexOf('stroke'));
  expect(marks).toHaveLength(20);
  for (const [, x, y, way, by] of marks) {
    const [dx, dy] = way === 'h' ? [Number(by), 0] : [0, Number(by)];
    const [endX, endY] = [Number(x) + dx, Number(y) + dy];
    expect(endX < 10 || endX > 164 || endY < 10 || endY > 62).toBe(true);
  }
});
