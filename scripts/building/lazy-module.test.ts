import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { lazyModule } from './lazy-module.ts';

test('a module is run once, when one of its exports is first read', () => {
  const { module, runs } = lazily({ a: 1, b: 2 });
  expect(runs()).toBe(0);
  expect([module.a, module.b, module.c]).toEqual([1, 2, undefined]);
  expect(runs()).toBe(1);
});

test('what was read once is kept by whoever read it, but for what is not there yet', () => {
  const exports: { a: number; later?: number } = { a: 1 };
  const { module } = lazily(exports);
  const importer = Object.create(Object.getPrototypeOf(module));
  expect([importer.a, importer.later, importer.a]).toEqual([1, undefined, 1]);
  expect(Object.keys(importer)).toEqual(['a']);
  exports.later = 2;
  expect(importer.later).toBe(2);
});

test.each([true, false])('it says without being run whether it is an ES module: %s', (isEsModule) => {
  const { module, runs } = lazily(isEsModule ? { __esModule: true, a: 1 } : { a: 1 });
  expect(module.__esModule).toBe(isEsModule);
  expect(runs()).toBe(0);
});

test('a function is called and constructed as itself', () => {
  const { module, runs } = lazily(Object.assign(function (this: { sum?: number }, a: number, b: number) {
    return new.target === undefined ? a + b : void (this.sum = a + b);
  }, { version: 3 }));
  expect(runs()).toBe(0);
  expect(module(1, 2)).toBe(3);
  expect(new module(1, 2).sum).toBe(3);
  expect(module.version).toBe(3);
});

function lazily(exports: object) {
  let count = 0;
  const load = () => {
    count += 1;
    return exports;
  };
  const module = { exports: {} as any };
  runInThisContext(`(module, require, load) => { ${lazyModule(exports, 'load()')} }`)(module, createRequire(import.meta.url), load);
  return { module: module.exports, runs: () => count };
}
