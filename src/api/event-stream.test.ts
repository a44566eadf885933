import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { formatSent, heartbeat, SentEventParser, type SentEvent } from './event-stream.ts';

/** What is said of each block, in pieces of so many bytes. */
function parsed(text: string, pieceLength = Infinity): SentEvent[] {
  const parser = new SentEventParser();
  const bytes = Buffer.from(text);
  const events: SentEvent[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    events.push(...parser.push(bytes.subarray(at, at + pieceLength)));
  }
  return events.map((event) => Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)));
}

describe('a stream of events', () => {
  test.each([1, 2, 3, 7, Infinity])('is read as it was written, in pieces of %d bytes', (pieceLength) => {
    const events = [
      { retryMs: 1500, id: '0' },
      { id: '1', event: 'fee.set', data: '{"request_id":"req_1"}' },
      { data: 'zwei Zeilen:\nÄpfel 🍏\n' },
      { data: '' },
      { id: '', event: 'gap', data: ' led by a space' },
    ];
    for (const lineEnd of ['\n', '\r\n', '\r']) {
      expect(parsed((heartbeat + formatSent(events) + heartbeat).replaceAll('\n', lineEnd), pieceLength)).toEqual(events);
    }
  });

  test.each<[string, string, SentEvent[]]>([
    ['a byte order mark before it', '\ufeffdata: x\n\n', [{ data: 'x' }]],
    ['comments among the fields', ':one\ndata: x\n: two\n\n', [{ data: 'x' }]],
    ['one space after the colon, or none', 'data:x\ndata:  y\n\n', [{ data: 'x\n y' }]],
    ['a field without a colon', 'data\ndata\nid\n\n', [{ id: '', data: '\n' }]],
    ['fields that nobody knows', 'later: 1\ndata: x\n\n', [{ data: 'x' }]],
    ['an id with a zero character', 'id: a\0b\ndata: x\n\n', [{ data: 'x' }]],
    ['a retry that is no number', 'retry: soon\nretry: -1\ndata: x\n\n', [{ data: 'x' }]],
    ['an event that names nothing', 'event\ndata: x\n\n', [{ data: 'x' }]],
    ['an event without data', 'event: lonely\n\ndata: x\n\n', [{ data: 'x' }]],
    ['many empty lines', '\n\n\r\n\n', []],
    ['one that the end cuts off', 'data: x\n\ndata: y\n', [{ data: 'x' }]],
  ])('%s', (_name, text, events) => {
    expect(parsed(text)).toEqual(events);
    expect(parsed(text, 1)).toEqual(events);
  });

  test.each(['data: ', 'data: x\n'])('one that does not end is none, however it goes on (%j)', (again) => {
    const parser = new SentEventParser();
    const piece = Buffer.from(again.repeat(1_000));
    expect(() => {
      for (let count = 0; count < 1_000; count++) parser.push(piece);
    }).toThrow(LatchkeyError);
  });
});
