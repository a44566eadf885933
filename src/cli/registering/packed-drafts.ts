import { isReject, type Reject } from '../rejects-file.ts';
import type { Draft, DraftIdentity } from './drafts.ts';

const columns = ['uuid', 'passTmp', 'ssid', 'model', 'batch', 'label', 'mac', 'weak', 'made'] as const;
type Column = (typeof columns)[number];

/** A column's values, or the one value of all. */
type Values<T> = { readonly each: readonly T[] } | { readonly all: T | undefined };

/** Drafts as threads pass them: by columns they take half of the memory and of the time that objects take. */
export interface PackedDrafts {
  readonly lines: Uint32Array<ArrayBuffer>;
  readonly columns: { readonly [C in Column]: Values<DraftIdentity[C]> };
  /** The sealed pass_tmps one behind the other, and where each ends. */
  readonly sealed: { readonly boxes: Uint8Array<ArrayBuffer>; readonly ends: Uint32Array<ArrayBuffer> } | undefined;
  readonly rejects: readonly Reject[];
}

/** `seal`: makes the box of an identity's pass_tmp, if there is to be one. */
export function pack(drafts: readonly Draft[], seal: ((identity: DraftIdentity) => Uint8Array) | undefined): PackedDrafts {
  const identities = drafts.filter((draft): draft is DraftIdentity => !isReject(draft));
  return {
    lines: Uint32Array.from(identities, ({ line }) => line),
    columns: Object.fromEntries(columns.map((column) => [column, valuesOf(identities, column)])) as unknown as PackedDrafts['columns'],
    sealed: seal === undefined ? undefined : joined(identities.map(seal)),
    rejects: drafts.filter(isReject),
  };
}

export function unpack({ lines, columns: { uuid, passTmp, ssid, model, batch, label, mac, weak, made }, sealed, rejects }: PackedDrafts): readonly Draft[] {
  const drafts: Draft[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    drafts.push({
      line: lines[index]!,
      uuid: at(uuid, index),
      passTmp: at(passTmp, index),
      ssid: at(ssid, index),
      model: at(model, index),
      batch: at(batch, index),
      label: at(label, index),
      mac: at(mac, index),
      weak: at(weak, index),
      made: at(made, index),
      sealed: sealed?.boxes.subarray(sealed.ends[index - 1] ?? 0, sealed.ends[index]),
    });
  }
  return rejects.length === 0 ? drafts : [...drafts, ...rejects].sort((a, b) => a.line - b.line);
}

function at<T>(values: Values<T>, index: number): T {
  return ('each' in values ? values.each[index] : values.all) as T;
}

function valuesOf<C extends Column>(identities: readonly DraftIdentity[], column: C): Values<DraftIdentity[C]> {
  const first = identities[0]?.[column];
  return identities.every((identity) => identity[column] === first) ? { all: first } : { each: identities.map((identity) => identity[column]) };
}

function joined(boxes: readonly Uint8Array[]): { boxes: Uint8Array<ArrayBuffer>; ends: Uint32Array<ArrayBuffer> } {
  const ends = new Uint32Array(boxes.length);
  let length = 0;
  boxes.forEach((box, index) => (ends[index] = length += box.length));
  const all = new Uint8Array(length);
  boxes.forEach((box, index) => all.set(box, ends[index]! - box.length));
  return { boxes: all, ends };
}
