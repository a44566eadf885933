import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { counterPage } from './counter-page.ts';

/** What the page asks the register for when it is opened, and what is in its address then. */
async function opened(hash: string) {
  const elements = new Map<string, Record<string, unknown>>();
  const element = (id: string) => {
    const made = elements.get(id) ?? { addEventListener: () => {}, value: '' };
    elements.set(id, made);
    return made;
  };
  const asked: unknown[] = [];
  const addresses: string[] = [];
  const location = { hash, pathname: '/' };
  const listeners: (() => void)[] = [];
  runInNewContext(/<script>([^]*)<\/script>/.exec(counterPage)![1]!, {
    document: { getElementById: element },
    location,
    addEventListener: (event: string, listener: () => void) => void (event === 'hashchange' && listeners.push(listener)),
    history: { replaceState: (_state: null, _title: string, url: string) => addresses.push(url) },
    setInterval: () => {},
    fetch: async (_url: string, { body }: { body: string }) => {
      asked.push(JSON.parse(body));
      return { ok: true, json: async () => ({ left_s: 60, credential: { ssid: 'cafe-guests', password: 'coffee and cake' } }) };
    },
  });
  await setImmediate();
  const scan = (code: string) => {
    location.hash = `#${code}`;
    listeners.forEach((listener) => listener());
  };
  return { asked, addresses, scan, typed: element('receipt')['value'], password: element('password')['textContent'] };
}

test('a phone that has scanned its receipt code gets the password at once, and the code goes from the address', async () => {
  expect(await opened('#7K2M-9QXA')).toMatchObject({ asked: [{ receipt_code: '7K2M-9QXA' }], addresses: ['/'], typed: '7K2M-9QXA', password: 'coffee and cake' });
});

test('a phone that comes without one is asked by what it has got before', async () => {
  expect(await opened('')).toMatchObject({ asked: [{}], addresses: [], typed: '', password: 'coffee and cake' });
});

test('a second code that is scanned while the page is open is taken, too', async () => {
  const { asked, scan } = await opened('#7K2M-9QXA');
  scan('3663-28YQ');
  expect(asked).toEqual([{ receipt_code: '7K2M-9QXA' }, { receipt_code: '3663-28YQ' }]);
});
