/**
 * The code of a CommonJS module that has the exports of another and runs it only when one of them is first read.
 *
 * What imports an object gets its properties one by one, and its prototype: the properties are found in the latter.
 *
 * @param exports what the other module exports here and now; only tells of which kind it is
 * @param load an expression that loads the other module
 */
export function lazyModule(exports: unknown, load: string): string {
  const isEsModule = (exports as { __esModule?: unknown }).__esModule === true;
  const get = `get: (_, name) => (name === '__esModule' ? ${isEsModule} : load()[name])`;
  const lazy =
    typeof exports === 'function'
      ? `new Proxy(function () {}, {
  ${get},
  apply: (_, self, args) => Reflect.apply(load(), self, args),
  construct: (_, args, by) => Reflect.construct(load(), args, by),
})`
      : `Object.create(new Proxy({}, { ${get} }))`;
  return `let loaded;\nconst load = () => (loaded ??= ${load});\nmodule.exports = ${lazy};\n`;
}
