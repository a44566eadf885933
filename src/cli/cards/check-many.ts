import { readCardService } from '../../api/card-service.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { check, type CompiledApplication } from '../../domain/security-check/compile.ts';
import type { Decision } from '../../domain/security-check/decision.ts';
import type { History } from '../../domain/security-check/history.ts';
import { ReplayedHistory } from '../../domain/security-check/replay.ts';
import type { Service } from '../../domain/security-check/service.ts';
import { linesOf } from '../../formats/rows.ts';
import { parseStrictJson } from '../../formats/strict-json.ts';
import type { Reject } from '../rejects-file.ts';

export interface CheckedLine {
  /** From 1. */
  readonly line: number;
  readonly decision: Decision;
}

export interface CheckingMany {
  readonly draw: () => number;
  /** Of a service whose line says none. */
  readonly history: (service: Service) => History;
  /** The services are all of one card, in the order of time, and those that are allowed are the history of the next. */
  readonly replay: boolean;
}

/** The services of an NDJSON stream, as many at a time as came in one piece: each decided, or rejected with its reason. */
export async function* checkMany(compiled: CompiledApplication, source: AsyncIterable<Uint8Array>, { replay, ...checking }: CheckingMany): AsyncGenerator<readonly (CheckedLine | Reject)[]> {
  const replayed = replay ? new ReplayedHistory(compiled) : undefined;
  let line = 0;
  for await (const { lines, torn } of linesOf(source)) {
    const results: (CheckedLine | Reject)[] = [];
    // An end that was too long leaves nothing.
    for (const text of torn === undefined ? lines : [torn === '' ? undefined : torn]) {
      line += 1;
      if (text !== '') results.push(checkLine(compiled, text, line, checking, replayed));
    }
    yield results;
  }
}

function checkLine(compiled: CompiledApplication, text: string | undefined, line: number, { draw, history: historyOf }: Omit<CheckingMany, 'replay'>, replayed: ReplayedHistory | undefined): CheckedLine | Reject {
  try {
    const { service, history } = readCardService(parseLine(text));
    if (replayed === undefined) {
      return { line, decision: check(compiled, service, history ?? historyOf(service), draw()) };
    }
    if (history !== undefined) {
      throw new LatchkeyError('invalid_input', 'With --replay the history is that of the lines before, and none is given.');
    }
    if (replayed.askedAt !== undefined && service.at < replayed.askedAt) {
      throw new LatchkeyError('invalid_input', 'With --replay no service is earlier than the one before it.');
    }
    const decision = check(compiled, service, replayed.before(service.at), draw());
    if (decision.outcome === 'allow') replayed.add(service);
    return { line, decision };
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    const [problem] = error.problems;
    return { line, code: error.code, reason: problem === undefined ? error.message : `${problem.pointer} ${problem.detail}` };
  }
}

function parseLine(text: string | undefined): unknown {
  if (text === undefined) {
    throw new LatchkeyError('invalid_input', 'this is not UTF-8, or longer than 64 KiB.');
  }
  return parseStrictJson(text.replace(/^\uFEFF/, ''));
}
