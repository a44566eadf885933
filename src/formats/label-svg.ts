import { Buffer } from 'node:buffer';
import { ascent, cellHeight, cells, cellWidth, type LabelLayout } from './label-layout.ts';
import { darkRuns } from './qr.ts';

/** A label as an SVG of its size in mm; its unit is a dot of the printer. */
export function labelSvg(layout: LabelLayout): string {
  const { widthMm, heightMm } = layout.size;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthMm}mm" height="${heightMm}mm" viewBox="0 0 ${layout.width} ${layout.height}">\n${labelElements(layout)}</svg>\n`;
}

/** What is in the label's SVG, one element a line. */
export function labelElements({ width, height, qr, logo, lines }: LabelLayout): string {
  const modules = [...darkRuns(qr.code)].map(({ x, y, length }) => `M${x} ${y}h${length}v1h-${length}z`).join('');
  return [
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<path transform="translate(${qr.x} ${qr.y}) scale(${qr.module})" shape-rendering="crispEdges" d="${modules}"/>`,
    ...(logo === undefined ? [] : [
      `<image x="${logo.x}" y="${logo.y}" width="${logo.width}" height="${logo.height}" href="data:${logo.logo.type};base64,${Buffer.from(logo.logo.bytes).toString('base64')}"/>`,
    ]),
    // A font of the reader's own that is wider than usual is squeezed, and overlaps nothing.
    ...lines.map(({ x, y, scale, text }) =>
      `<text x="${x}" y="${y + ascent * scale}" font-family="monospace" font-size="${cellHeight * scale}" textLength="${cells(text) * cellWidth * scale}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escapeXml(text)}</text>`,
    ),
  ].map((element) => `${element}\n`).join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
