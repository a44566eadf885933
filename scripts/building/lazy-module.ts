import { inProject } from '../setup/project.mjs';

export const lazily = inProject('scripts', 'building', 'lazily.cjs');

/**
 * The code of a CommonJS module that has the exports of another and runs it only when one of them is first read.
 *
 * @param exports what the other module exports here and now; only tells of which kind it is
 * @param load an expression that loads the other module
 */
export function lazyModule(exports: unknown, load: string): string {
  const kind = typeof exports === 'function' ? 'function' : 'object';
  const isEsModule = (exports as { __esModule?: unknown }).__esModule === true;
  return `module.exports = require(${JSON.stringify(lazily)}).${kind}(${isEsModule}, () => ${load});\n`;
}
