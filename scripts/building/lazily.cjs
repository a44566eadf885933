/*
 * Part of the bundle: what has the exports of a module and runs it only when one of them is first read.
 */

/**
 * Whoever imports an object takes over its properties one by one, and its prototype: the exports are found in the
 * latter, and kept by the importer, so that a second look costs nothing. An export that is undefined may come to be
 * when modules import each other in a circle, and is not kept.
 */
exports.object = (isEsModule, load) => {
  let exports;
  const get = (_, name, importer) => {
    if (name === '__esModule') {
      return isEsModule;
    }
    const value = (exports ??= load())[name];
    if (value !== undefined) {
      Object.defineProperty(importer, name, { value, configurable: true, enumerable: true });
    }
    return value;
  };
  return Object.create(new Proxy({}, { get }));
};

/** For a module that is a function: an import of it is called or constructed as a whole. */
exports.function = (isEsModule, load) => {
  let exports;
  const loaded = () => (exports ??= load());
  return new Proxy(function () {}, {
    get: (_, name) => (name === '__esModule' ? isEsModule : loaded()[name]),
    apply: (_, self, args) => Reflect.apply(loaded(), self, args),
    construct: (_, args) => Reflect.construct(loaded(), args),
  });
};
