import { readFileSync, statSync } from 'node:fs';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseLogo, type LabelLogo } from '../../formats/label-logo.ts';
import { planSheet, type Paper } from '../../formats/label-sheet.ts';
import { parseLabelTemplate, type LabelTemplate } from '../../formats/label-text.ts';
import type { CommissioningFlow, Discovery } from '../../formats/matter.ts';
import type { QrLevel } from '../../formats/qr.ts';
import type { FactoryRole } from '../../roles/factory/ports.ts';
import { matterColumns, usualText, type LabelKind } from './content.ts';
import { labelDevices, type LabelTally } from './label-devices.ts';
import { openFile, openFolder, openSheets, type LabelFormat, type LabelOutput } from './output.ts';
import { readIdentities } from '../identity-source.ts';
import { Progress } from '../progress.ts';
import { RejectsFile, type Reject } from '../rejects-file.ts';
import { readSecret, type SecretSources } from '../secret-input.ts';
import type { LabelsWire } from '../present/labels.ts';

/** As `device label` takes them. */
export interface LabelFlags {
  readonly uuid?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly format: LabelFormat;
  readonly 'out-dir'?: string | undefined;
  readonly out: string;
  readonly rejects?: string | undefined;
  readonly text?: readonly LabelTemplate[] | undefined;
  readonly logo?: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly level: QrLevel;
  readonly dpp: boolean;
  readonly channel: readonly string[];
  readonly info?: LabelTemplate | undefined;
  readonly matter: boolean;
  readonly vendor?: number | undefined;
  readonly product?: number | undefined;
  readonly discriminator?: number | undefined;
  readonly 'passcode-file'?: string | undefined;
  readonly flow: CommissioningFlow;
  readonly discovery: readonly Discovery[];
  readonly sheet?: Paper | undefined;
  readonly margin: number;
  readonly gap: number;
  readonly 'cut-marks': boolean;
}

export interface Printing {
  readonly sources: SecretSources;
  readonly closing: AsyncDisposableStack;
  /** Opened when it is first needed: a file may say all. */
  readonly factory: () => Promise<FactoryRole>;
  readonly silent: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => Promise<void>;
}

const largestLogo = 1_048_576;

/**
 * Makes the labels. Errors: `missing_input` and `invalid_input` of flags that do not go together, `device_not_found` and
 * the like if one device was named, those of reading and writing.
 */
export async function printLabels(flags: LabelFlags, printing: Printing): Promise<LabelsWire> {
  const { closing, signal, silent } = printing;
  check(flags, printing.json);
  const size = { widthMm: flags.width, heightMm: flags.height, dpi: flags.dpi };
  const sheet = flags.sheet && planSheet(size, { paper: flags.sheet, marginMm: flags.margin, gapMm: flags.gap, cutMarks: flags['cut-marks'] });
  const kind = await kindOf(flags, printing.sources);
  const text = flags.text ?? usualText[kind.kind].map(parseLabelTemplate);
  if (kind.kind !== 'matter' && text.some((line) => line.some((part) => typeof part !== 'string' && part.field === 'code'))) {
    throw new LatchkeyError('invalid_input', '--text: {code} is the pairing code of Matter, and there is none without --matter.');
  }
  const logo = flags.logo === undefined ? undefined : readLogo(flags.logo, flags.format);

  const rejects = closing.use(new RejectsFile(flags.rejects));
  const output = closing.use(await openOutput(flags, sheet));
  const progress = closing.use(new Progress({ unit: 'labels', total: flags.from === undefined ? flags.uuid?.length : undefined, silent }));
  let first: Reject | undefined;
  const tally = await labelDevices({
    devices: readIdentities({
      uuid: flags.uuid,
      from: flags.from,
      factory: printing.factory,
      secrets: false,
      lookUp: kind.kind === 'dpp',
      extra: kind.kind === 'matter' ? matterColumns : [],
      signal,
      taken: (share) => progress.taken(share),
    }),
    kind,
    text,
    size,
    level: flags.level,
    logo,
    format: flags.format,
    output,
    factory: printing.factory,
    reject: async (reject) => {
      first ??= reject;
      rejects.add(reject);
    },
    onLabel: () => progress.add(1),
  });
  if (first !== undefined && flags.uuid?.length === 1) {
    throw new LatchkeyError(first.code, first.reason);
  }
  for (const caution of cautions(tally)) {
    await printing.caution(caution);
  }
  return { labels: tally.labels, files: tally.labels === 0 ? 0 : output.files, rejected: rejects.count };
}

/** What makes no sense without another flag. */
const belonging = { info: 'dpp', vendor: 'matter', product: 'matter', discriminator: 'matter', 'passcode-file': 'matter' } as const;

function check(flags: LabelFlags, json: boolean): void {
  const { sheet, format, uuid = [] } = flags;
  const folder = flags['out-dir'];
  if (json && folder === undefined && flags.out === '-') {
    throw new LatchkeyError('missing_input', 'Under --json the result is on standard output: give --out FILE or --out-dir DIR for the labels.');
  }
  if (sheet !== undefined && (format !== 'svg' || folder === undefined)) {
    throw new LatchkeyError('invalid_input', '--sheet makes pages in SVG, into --out-dir.');
  }
  if (folder === undefined && format !== 'zpl' && uuid.length > 1) {
    throw new LatchkeyError('invalid_input', `One ${format.toUpperCase()} holds one label: give --out-dir for many, or --sheet, or --format zpl.`);
  }
  for (const [name, owner] of Object.entries(belonging)) {
    if (flags[name as keyof typeof belonging] !== undefined && !flags[owner]) {
      throw new LatchkeyError('invalid_input', `--${name} is for --${owner}.`);
    }
  }
  if (flags.matter && uuid.length > 1) {
    throw new LatchkeyError('invalid_input', 'Every device has a Matter passcode of its own: give many devices with --from, in columns discriminator and passcode.');
  }
}

async function kindOf(flags: LabelFlags, sources: SecretSources): Promise<LabelKind> {
  if (flags.dpp) {
    return { kind: 'dpp', channels: flags.channel, info: flags.info ?? parseLabelTemplate('{uuid}') };
  }
  if (!flags.matter) {
    return { kind: 'own' };
  }
  const { vendor, product, flow, discovery, discriminator, from } = flags;
  if (vendor === undefined || product === undefined) {
    throw new LatchkeyError('missing_input', `--matter needs --${vendor === undefined ? 'vendor' : 'product'}.`);
  }
  if (from === undefined && discriminator === undefined) {
    throw new LatchkeyError('missing_input', '--matter needs --discriminator.');
  }
  const passcode = from === undefined ? await readSecret({ name: 'passcode', file: flags['passcode-file'], message: 'Passcode:', ...sources }) : undefined;
  return { kind: 'matter', product: { vendor, product, flow, discovery }, discriminator, passcode };
}

function readLogo(path: string, format: LabelFormat): LabelLogo {
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > largestLogo) {
      throw new LatchkeyError('invalid_input', `--logo: ${path} is larger than 1 MiB.`);
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new LatchkeyError('file_not_found', `--logo: there is no file ${path}.`, { cause: error })
      : new LatchkeyError('invalid_input', `--logo: ${path} cannot be read (${code}).`, { cause: error });
  }
  const logo = parseLogo(bytes);
  if (logo.picture === undefined && format !== 'svg') {
    throw new LatchkeyError('invalid_input', `--logo: ${path} is an SVG, which only goes into labels in SVG.`, { hint: 'Give the logo as PNG, or use --format svg.' });
  }
  return logo;
}

function openOutput(flags: LabelFlags, sheet: ReturnType<typeof planSheet> | undefined): Promise<LabelOutput> {
  // A label of Matter holds a secret.
  const mode = flags.matter ? 0o600 : 0o666;
  const folder = flags['out-dir'];
  const destination = { format: flags.format, mode };
  return folder === undefined ? openFile(flags.out, destination) : sheet === undefined ? openFolder(folder, destination) : openSheets(folder, sheet, mode);
}

const namedAtMost = 5;

function cautions({ shortened, boxed, keyless }: LabelTally): string[] {
  const labels = (count: number) => (count === 1 ? '1 label has' : `${count} labels have`);
  const named = `${keyless.slice(0, namedAtMost).join(', ')}${keyless.length > namedAtMost ? ` and ${keyless.length - namedAtMost} more` : ''}`;
  return [
    ...(shortened > 0 ? [`${labels(shortened)} text that is too long for it: it ends in "...".`] : []),
    ...(boxed > 0 ? [`${labels(boxed)} characters that only --format svg and zpl can show: they are boxes.`] : []),
    ...(keyless.length > 0 ? [`Flashed before their DPP key was made, so it is not in them, and they must be flashed again: ${named}.`] : []),
  ];
}
