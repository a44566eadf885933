import { Bitmap } from './bitmap.ts';
import { darkRuns, quietZone, type QrCode } from './qr.ts';

/** A QR code with its quiet zone, each module a square of as many dots: for `writePng`. */
export function qrBitmap(code: QrCode, moduleDots: number): Bitmap {
  const side = (code.size + 2 * quietZone) * moduleDots;
  const bitmap = new Bitmap(side, side);
  for (const { x, y, length } of darkRuns(code)) {
    bitmap.fill((x + quietZone) * moduleDots, (y + quietZone) * moduleDots, length * moduleDots, moduleDots);
  }
  return bitmap;
}

/** A QR code with its quiet zone as an SVG; a module is as many mm wide as said, and one unit. */
export function qrSvg(code: QrCode, moduleMm: number): string {
  const side = code.size + 2 * quietZone;
  const mm = Number((side * moduleMm).toFixed(3));
  const modules = [...darkRuns(code)].map(({ x, y, length }) => `M${x + quietZone} ${y + quietZone}h${length}v1h-${length}z`).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm}mm" height="${mm}mm" viewBox="0 0 ${side} ${side}">`,
    `<rect width="${side}" height="${side}" fill="#fff"/>`,
    `<path shape-rendering="crispEdges" d="${modules}"/>`,
    '</svg>\n',
  ].join('\n');
}
