import { types } from 'node:util';
import type { Plugin, PluginContext } from 'rolldown';

const esPrefix = '\0own-es:';
const commonPrefix = '\0own-commonjs:';
/** What is generated is an ES module, whatever the path in its name. */
const suffix = '.mjs';
const isOwnFile = /^\.\/vendor\/[^/]+\.js$/;

const inFolder = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/;

/** The name of the package that a file belongs to. */
export function packageOf(path: string): string {
  const name = inFolder.exec(path)?.[1];
  if (name === undefined) {
    throw new Error(`${path} belongs to no package.`);
  }
  return name.replaceAll('\\', '/');
}

/**
 * Puts a module, and what only it needs, into a file of its own under dist/vendor. Needs the plugin `ownFiles`.
 *
 * @param exports what it exports here and now; only tells of which kind it is
 * @param name of the file
 * @returns an expression that loads it, for a module in dist itself
 */
export function ownFile(build: PluginContext, path: string, exports: unknown, name: string): string {
  const id = `${types.isModuleNamespaceObject(exports) ? esPrefix : commonPrefix}${path}${suffix}`;
  build.emitFile({ type: 'chunk', id, name: `vendor/${name}` });
  return `require(${JSON.stringify(`./vendor/${name}.js`)}).load()`;
}

export function ownFiles(): Plugin {
  return {
    name: 'own-files',
    resolveId(source) {
      if (isOwnFile.test(source)) {
        return { id: source, external: true };
      }
      return source.startsWith(esPrefix) || source.startsWith(commonPrefix) ? source : undefined;
    },
    load(id) {
      if (id.startsWith(esPrefix)) {
        return `import * as exports from ${pathIn(id, esPrefix)}; export const load = () => exports;`;
      }
      return id.startsWith(commonPrefix) ? `export const load = () => require(${pathIn(id, commonPrefix)});` : undefined;
    },
  };
}

function pathIn(id: string, prefix: string): string {
  return JSON.stringify(id.slice(prefix.length, -suffix.length));
}
