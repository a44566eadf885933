import { execFile } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bitmap } from '../../src/formats/bitmap.ts';
import { dppUri } from '../../src/protocol/dpp-uri.ts';
import { labelBitmap } from '../../src/formats/label-bitmap.ts';
import { layOutLabel, type LabelLayout } from '../../src/formats/label-layout.ts';
import { parseLogo } from '../../src/formats/label-logo.ts';
import { labelPayload } from '../../src/formats/label-payload.ts';
import { planSheet, sheetSvg } from '../../src/formats/label-sheet.ts';
import { labelSvg } from '../../src/formats/label-svg.ts';
import { labelZpl } from '../../src/formats/label-zpl.ts';
import { matterPayload } from '../../src/formats/matter.ts';
import { writePng } from '../../src/formats/png.ts';
import { qrCode, qrLevels } from '../../src/formats/qr.ts';
import { requires } from '../requirements.ts';

const run = promisify(execFile);
const labels = 30;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-labels-'));
});
afterAll(() => rm(folder, { recursive: true }));

const text = (max: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength: max }).filter((value) => !/[\u0000-\u001f\u007f]/.test(value) && Buffer.byteLength(value) <= 32);
const ours = fc.record({ uuid: fc.uuid(), model: fc.option(text(20), { nil: undefined }), ssid: text(10) }).map(labelPayload);
const dpp = fc.record({
  channels: fc.constant(['81/1']),
  mac: fc.option(fc.constant('5a:4e:00:00:00:01'), { nil: undefined }),
  info: fc.option(fc.stringMatching(/^[\x20-\x3a\x3c-\x7e]{1,40}$/), { nil: undefined }),
  publicKey: fc.uint8Array({ minLength: 28, maxLength: 28 }).map((bytes) => {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(Buffer.concat([Buffer.of(1, 2, 3, 4), bytes]));
    return pair.getPublicKey(null, 'compressed');
  }),
}).map(dppUri);
const matter = fc.record({
  discriminator: fc.integer({ min: 0, max: 0xfff }),
  passcode: fc.integer({ min: 1, max: 11_111_110 }),
  vendor: fc.integer({ min: 1, max: 0xfff4 }),
  product: fc.integer({ min: 1, max: 0xffff }),
  flow: fc.constantFrom('standard', 'user-intent', 'custom'),
  discovery: fc.constantFrom(['ble'], ['on-network', 'ble']),
}).map((onboarding) => matterPayload(onboarding as Parameters<typeof matterPayload>[0]));

const chessboard = new Bitmap(16, 16);
for (let at = 0; at < 16; at += 1) chessboard.fill((at % 4) * 4, Math.floor(at / 4) * 4, (at + (at >> 2)) % 2 === 0 ? 4 : 0, 4);
const logo = parseLogo(writePng(chessboard, 100));

const label = fc.record({
  payload: fc.oneof(ours, dpp, matter),
  level: fc.constantFrom(...qrLevels),
  lines: fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 3 }),
  logo: fc.option(fc.constant(logo), { nil: undefined }),
  size: fc.constantFrom(
    { widthMm: 80, heightMm: 40, dpi: 203 }, { widthMm: 40, heightMm: 60, dpi: 300 }, { widthMm: 50, heightMm: 50, dpi: 203 }, { widthMm: 70, heightMm: 35, dpi: 300 },
  ),
});

function sampled(seed: number): { payload: string; layout: LabelLayout }[] {
  return fc.sample(label, { numRuns: labels, seed }).map(({ payload, level, lines, logo: picture, size }) => (
    { payload, layout: layOutLabel({ qr: qrCode(payload, level), lines, logo: picture }, size) }
  ));
}

/** What zbarimg reads in a picture, byte by byte. */
async function scanned(name: string, png: Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, png);
  return scannedFile(file);
}

async function scannedFile(file: string): Promise<string> {
  const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'buffer' });
  return stdout.toString();
}

/** The pictures of a ZPL label where a printer would put them, and nothing else. */
function printed(zpl: string): { bitmap: Bitmap; graphics: number } {
  const number = (command: string) => Number(new RegExp(`\\^${command}(\\d+)\n`).exec(zpl)![1]);
  const bitmap = new Bitmap(number('PW'), number('LL'));
  const graphics = [...zpl.matchAll(/\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([0-9A-F:]+)\^FS/g)];
  for (const [, x, y, bytes, total, stride, rows] of graphics) {
    const row = new RegExp(`:|[0-9A-F]{${2 * Number(stride)}}`, 'g');
    let above = '';
    const data = Buffer.concat(rows!.match(row)!.map((text) => Buffer.from((above = text === ':' ? above : text), 'hex')));
    expect([data.length, Number(total)]).toEqual([Number(bytes), Number(bytes)]);
    for (let at = 0; at < data.length * 8; at += 1) {
      const [row, column] = [Math.floor(at / (8 * Number(stride))), at % (8 * Number(stride))];
      if ((data[at >> 3]! & (0x80 >> (at & 7))) !== 0) bitmap.fill(Number(x) + column, Number(y) + row, 1, 1);
    }
  }
  return { bitmap, graphics: graphics.length };
}

const seed = Number(process.env['LATCHKEY_TEST_SEED'] ?? Date.now() % 2 ** 31);

requires('zbar-tools')('labels, read by zbarimg', () => {
  test(`drawn as PNG (seed ${seed})`, { timeout: 60_000 }, async () => {
    for (const [index, { payload, layout }] of sampled(seed).entries()) {
      expect(await scanned(`${index}.png`, writePng(labelBitmap(layout), layout.size.dpi)), `label ${index}`).toBe(payload);
    }
  });

  test(`printed by ZPL (seed ${seed})`, { timeout: 60_000 }, async () => {
    for (const [index, { payload, layout }] of sampled(seed).entries()) {
      const { bitmap, graphics } = printed(labelZpl(layout));
      expect(graphics).toBe(layout.logo === undefined ? 1 : 2);
      expect(await scanned(`${index}-zpl.png`, writePng(bitmap, layout.size.dpi)), `label ${index}`).toBe(payload);
    }
  });
});

requires('zbar-tools', 'librsvg2-bin')('labels in SVG, drawn by rsvg-convert and read by zbarimg', () => {
  async function drawn(name: string, svg: string, dpi: number): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, svg);
    await run('rsvg-convert', ['--dpi-x', `${dpi}`, '--dpi-y', `${dpi}`, '--output', `${file}.png`, file]);
    return scannedFile(`${file}.png`);
  }

  test(`one by one (seed ${seed})`, { timeout: 60_000 }, async () => {
    for (const [index, { payload, layout }] of sampled(seed).entries()) {
      expect(await drawn(`${index}.svg`, labelSvg(layout), layout.size.dpi), `label ${index}`).toBe(payload);
    }
  });

  test('many on a sheet', { timeout: 60_000 }, async () => {
    const size = { widthMm: 60, heightMm: 30, dpi: 300 };
    const payloads = fc.sample(matter, { numRuns: 20, seed });
    const layouts = payloads.map((payload) => layOutLabel({ qr: qrCode(payload, 'M'), lines: ['lamp-2'], logo: undefined }, size));
    const sheet = planSheet(size, { paper: 'A4', marginMm: 8, gapMm: 3, cutMarks: true });
    expect(sheet.columns * sheet.rows).toBeGreaterThanOrEqual(payloads.length);
    const file = join(folder, 'sheet.svg');
    await writeFile(file, sheetSvg(layouts, sheet));
    await run('rsvg-convert', ['--dpi-x', '200', '--dpi-y', '200', '--output', `${file}.png`, file]);
    const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', `${file}.png`]);
    expect(stdout.trim().split('\n').toSorted()).toEqual(payloads.toSorted());
  });
});
