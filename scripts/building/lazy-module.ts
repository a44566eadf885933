/**
 * The code of a CommonJS module that has the exports of another and runs it only when one of them is first read.
 *
 * @param exports what the other module exports here and now; tells the names and the kind, its values are not used
 * @param load an expression that loads the other module
 */
export function lazyModule(exports: object, load: string): string {
  const isEsModule = '__esModule' in exports && exports.__esModule === true;
  const head = `let loaded;\nconst load = () => (loaded ??= ${load});\n`;
  return head + (typeof exports === 'function' ? lazyFunction(isEsModule) : lazyObject(Object.keys(exports), isEsModule));
}

function lazyObject(names: readonly string[], isEsModule: boolean): string {
  const getters = names.filter((name) => name !== '__esModule').map((name) => {
    const key = JSON.stringify(name);
    return `  get ${key}() { return load()[${key}]; },\n`;
  });
  const mark = isEsModule ? `Object.defineProperty(module.exports, '__esModule', { value: true });\n` : '';
  return `module.exports = {\n${getters.join('')}};\n${mark}`;
}

function lazyFunction(isEsModule: boolean): string {
  return `module.exports = new Proxy(function () {}, {
  get: (_, name) => (name === '__esModule' ? ${isEsModule} : load()[name]),
  apply: (_, self, args) => Reflect.apply(load(), self, args),
  construct: (_, args) => Reflect.construct(load(), args),
});
`;
}
