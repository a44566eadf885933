import { LatchkeyError, type InputProblem } from '../domain/errors.ts';

const [quote, colon, backslash] = [0x22, 0x3a, 0x5c];

/** Of fewer digits no number becomes a whole one that was not written as one, unless its exponent makes it so. */
const mayBeRounded = /[0-9.]{17}|[0-9][eE]/;

/**
 * JSON in which no object has a member twice (RFC 7493, I-JSON): of two, some readers take the first and some the last,
 * so that what one checks another does not do. Nor does it have a number that is whole only as it is read, as
 * 0.99999999999999999999 is. Errors: `invalid_input`.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'this is no JSON.', { cause: error });
  }
  // Of two of one name the value has one: so long as there are as many as in the text, none is looked for.
  const problem = namesIn(text) === membersIn(value) && !mayBeRounded.test(text) ? undefined : firstProblem(text);
  if (problem !== undefined) {
    throw new LatchkeyError('invalid_input', 'this JSON may be read in two ways.', { problems: [problem] });
  }
  return value;
}

/** How many members a text that is JSON names. */
function namesIn(text: string): number {
  let names = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) {
      at = endOfString(text, at);
    } else if (character === colon) {
      names += 1;
    }
  }
  return names;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === backslash) before -= 1;
  return (at - before) % 2 === 1;
}

/** Not by recursion: what is deep is read, too. */
function membersIn(value: unknown): number {
  let members = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) members += inside.length;
    for (const each of inside) {
      if (typeof each === 'object' && each !== null) open.push(each);
    }
  }
  return members;
}

interface Level {
  /** Undefined in an array. */
  readonly names: Set<string> | undefined;
  /** Of the part that is being read. */
  name: string | number;
}

/** The first member that is there twice, or number that is rounded to a whole one, in a text that is JSON. */
function firstProblem(text: string): InputProblem | undefined {
  const levels: Level[] = [];
  let nameNext = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]|-?[0-9][0-9.eE+-]*/g)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      levels.push({ names: token === '{' ? new Set() : undefined, name: 0 });
      nameNext = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      nameNext = false;
    } else if (token === ',') {
      if (typeof level!.name === 'number') level!.name += 1;
      nameNext = level!.names !== undefined;
    } else if (nameNext) {
      const name = JSON.parse(token) as string;
      level!.name = name;
      if (level!.names!.has(name)) return { pointer: pointerTo(levels), detail: 'is there twice' };
      level!.names!.add(name);
      nameNext = false;
    } else if (!token.startsWith('"') && isRounded(token)) {
      return { pointer: pointerTo(levels), detail: `has more digits than are read: it would be ${Number(token)}` };
    }
  }
  return undefined;
}

function pointerTo(levels: readonly Level[]): string {
  return levels.map(({ name }) => `/${String(name).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Whether a number as it is written is not whole, and as it is read is. */
function isRounded(number: string): boolean {
  if (!Number.isInteger(Number(number))) {
    return false;
  }
  const [digits = '', exponent = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const significant = `${whole}${fraction}`.replace(/0+$/, '');
  const zeros = whole.length + fraction.length - significant.length;
  return /[1-9]/.test(significant) && Number(exponent) - fraction.length + zeros < 0;
}
