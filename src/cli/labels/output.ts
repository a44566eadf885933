import { createWriteStream, existsSync, type WriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { labelBitmap } from '../../formats/label-bitmap.ts';
import type { LabelLayout } from '../../formats/label-layout.ts';
import { sheetSvg, type Sheet } from '../../formats/label-sheet.ts';
import { labelSvg } from '../../formats/label-svg.ts';
import { labelZpl } from '../../formats/label-zpl.ts';
import { writePng } from '../../formats/png.ts';
import { cannotWrite, writeNewFile } from '../new-file.ts';
import { write } from '../output.ts';

export const labelFormats = ['svg', 'png', 'zpl'] as const;
export type LabelFormat = (typeof labelFormats)[number];

/** Where labels go. */
export interface LabelOutput extends AsyncDisposable {
  /** Whether a file that is there already is in the way of its label alone. */
  readonly fileEach: boolean;
  /** Files that are there, or will be once it ends. */
  readonly files: number;
  add(uuid: string, layout: LabelLayout): Promise<void>;
  /** After at least one. */
  end(): Promise<void>;
}

export interface LabelDestination {
  readonly format: LabelFormat;
  /** Of new files: what only the owner may read is not for others. */
  readonly mode: number;
}

/** Errors: those of making the folder. */
export async function openFolder(folder: string, { format, mode }: LabelDestination): Promise<LabelOutput> {
  await makeFolder(folder);
  const output = {
    fileEach: true,
    files: 0,
    async add(uuid: string, layout: LabelLayout) {
      await writeNewFile(join(folder, `${uuid}.${format}`), drawn(layout, format), mode);
      output.files += 1;
    },
    async end() {},
    async [Symbol.asyncDispose]() {},
  };
  return output;
}

/** Sheets in a folder: `page-0001.svg` and so on. Errors: those of making the folder. */
export async function openSheets(folder: string, sheet: Sheet, mode: number): Promise<LabelOutput> {
  await makeFolder(folder);
  let waiting: LabelLayout[] = [];
  async function turn(): Promise<void> {
    output.files += 1;
    await writeNewFile(join(folder, `page-${String(output.files).padStart(4, '0')}.svg`), sheetSvg(waiting, sheet), mode);
    waiting = [];
  }
  const output = {
    fileEach: false,
    files: 0,
    async add(_uuid: string, layout: LabelLayout) {
      if (waiting.length === sheet.columns * sheet.rows) await turn();
      waiting.push(layout);
    },
    async end() {
      await turn();
    },
    async [Symbol.asyncDispose]() {},
  };
  return output;
}

/** One file, or `-` for standard output: one label, or any number of ZPL. Errors: `file_exists`. */
export async function openFile(path: string, destination: LabelDestination): Promise<LabelOutput> {
  return destination.format === 'zpl' ? openStream(path, destination.mode) : openSingle(path, destination);
}

function openSingle(path: string, { format, mode }: LabelDestination): LabelOutput {
  let only: LabelLayout | undefined;
  return {
    fileEach: false,
    files: path === '-' ? 0 : 1,
    async add(_uuid, layout) {
      if (only !== undefined) {
        throw new LatchkeyError('invalid_input', `One ${format.toUpperCase()} holds one label.`, { hint: 'Give --out-dir for many, or --sheet, or --format zpl.' });
      }
      only = layout;
    },
    async end() {
      const content = drawn(only!, format);
      await (path === '-' ? write(process.stdout, content) : writeNewFile(path, content, mode));
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function openStream(path: string, mode: number): Promise<LabelOutput> {
  if (path === '-') {
    return { fileEach: false, files: 0, add: (_uuid, layout) => write(process.stdout, labelZpl(layout)), async end() {}, async [Symbol.asyncDispose]() {} };
  }
  if (existsSync(path)) {
    throw new LatchkeyError('file_exists', `${path} is there already.`);
  }
  const unfinished = `${path}.part`;
  const stream = await openedStream(unfinished, mode);
  return {
    fileEach: false,
    files: 1,
    add: (_uuid, layout) => write(stream, labelZpl(layout)),
    async end() {
      try {
        stream.end();
        await finished(stream);
        await rename(unfinished, path);
      } catch (error) {
        throw cannotWrite(path, error);
      }
    },
    async [Symbol.asyncDispose]() {
      stream.destroy();
      await rm(unfinished, { force: true });
    },
  };
}

async function openedStream(path: string, mode: number): Promise<WriteStream> {
  await rm(path, { force: true });
  const stream = createWriteStream(path, { flags: 'wx', mode });
  try {
    await once(stream, 'open');
    // Each write says it to whom it matters.
    return stream.on('error', () => {});
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function drawn(layout: LabelLayout, format: LabelFormat): string | Uint8Array {
  switch (format) {
    case 'svg':
      return labelSvg(layout);
    case 'png':
      return writePng(labelBitmap(layout), layout.size.dpi);
    case 'zpl':
      return labelZpl(layout);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw cannotWrite(join(folder, '.'), error);
  }
}
