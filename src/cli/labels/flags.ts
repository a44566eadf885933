import { custom } from '@oclif/core/flags';
import { papers, type Paper } from '../../formats/label-sheet.ts';
import { labelFields, parseLabelTemplate, type LabelTemplate } from '../../formats/label-text.ts';
import { parseChannel } from '../../protocol/dpp-uri.ts';
import { commissioningFlows, discoveries } from '../../formats/matter.ts';
import { qrLevels } from '../../formats/qr.ts';
import { choiceFlag, decimalFlag, fileFlag, hexFlag, notWith, numberFlag, pathFlag, switchFlag } from '../flags.ts';
import { flagValue } from '../input-error.ts';
import { labelFormats } from './output.ts';

const templateFlag = custom<LabelTemplate>({ parse: flagValue(parseLabelTemplate), helpValue: 'TEXT' });
const channelFlag = custom<string>({ parse: flagValue(parseChannel), helpValue: 'CLASS/N' });
const severalDiscoveries = custom<(typeof discoveries)[number]>({ options: discoveries });
const paperNames = Object.keys(papers) as [Paper, ...Paper[]];

/** What is printed, how large, and where it goes. */
export const labelFlags = {
  format: choiceFlag(labelFormats)({ description: 'A picture, or ZPL II for label printers.', default: 'svg' }),
  'out-dir': pathFlag({ description: 'A file each in this folder, named by the uuid.', exclusive: ['out'] }),
  out: fileFlag({ description: 'One label into this file, or many in ZPL; - is stdout.', default: '-' }),
  rejects: pathFlag({ description: 'Write what got no label here, with line and reason, a JSON object a line.' }),

  text: templateFlag({
    description: `A line of text, with ${labelFields.map((name) => `{${name}}`).join(', ')}; may be repeated. A line that names what the device lacks is left out; '' alone is no text.`,
    multiple: true,
    multipleNonGreedy: true,
  }),
  logo: pathFlag({ description: 'A picture above the text: PNG, or SVG for --format svg.' }),
  width: decimalFlag(5, 300, 'MM')({ description: 'Width of a label.', default: 50 }),
  height: decimalFlag(5, 300, 'MM')({ description: 'Height of a label.', default: 25 }),
  dpi: numberFlag(100, 1200)({ description: 'Dots an inch of what prints it.', default: 300 }),
  level: choiceFlag(qrLevels)({ description: 'How much of the QR code may be damaged: about 7, 15, 25 or 30 %.', default: 'M' }),

  dpp: switchFlag({ helpGroup: 'DPP', description: 'A DPP URI (Wi-Fi Easy Connect): the registry makes and keeps the key, `device image` writes it.', exclusive: ['matter'] }),
  channel: channelFlag({ helpGroup: 'DPP', description: 'Where the device listens, operating class and channel; may be repeated.', multiple: true, multipleNonGreedy: true, default: ['81/1'] }),
  info: templateFlag({ helpGroup: 'DPP', description: 'What the URI says of the device, as in --text, without ;. {uuid} if left out.' }),

  matter: switchFlag({ helpGroup: 'MATTER', description: 'A Matter onboarding payload. Its passcode is a secret: whoever sees the label can take the device.' }),
  vendor: hexFlag(1, 0xfff4)({ helpGroup: 'MATTER', description: 'Vendor id.' }),
  product: hexFlag(1, 0xffff)({ helpGroup: 'MATTER', description: 'Product id.' }),
  discriminator: numberFlag(0, 4095)({ helpGroup: 'MATTER', description: 'Of the one device; for many a column of --from.', ...notWith('from') }),
  'passcode-file': fileFlag({ helpGroup: 'MATTER', description: 'Take the passcode in this file, - for stdin (or LATCHKEY_PASSCODE); for many a column of --from.', ...notWith('from') }),
  flow: choiceFlag(commissioningFlows)({ helpGroup: 'MATTER', description: 'How commissioning begins.', default: 'standard' }),
  discovery: severalDiscoveries({ helpGroup: 'MATTER', description: 'By what the device is found; may be repeated.', multiple: true, multipleNonGreedy: true, default: ['ble'] }),

  sheet: choiceFlag(paperNames)({ helpGroup: 'SHEET', description: 'Many labels on each page of this paper, in SVG, into --out-dir.' }),
  margin: decimalFlag(0, 100, 'MM')({ helpGroup: 'SHEET', description: 'White around a page.', default: 10 }),
  gap: decimalFlag(0, 100, 'MM')({ helpGroup: 'SHEET', description: 'White between labels.', default: 2 }),
  'cut-marks': switchFlag({ helpGroup: 'SHEET', description: 'Marks in the margin where to cut.' }),
};
