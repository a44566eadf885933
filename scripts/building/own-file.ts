import type { PluginContext } from 'rolldown';

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
 * Puts a module, and what only it needs, into a file of its own under dist/vendor.
 *
 * @param name of the file
 * @returns an expression that loads it, for a module in dist itself
 */
export function ownFile(build: PluginContext, path: string, name = packageOf(path)): string {
  const file = `vendor/${name.replaceAll('/', '-')}`;
  build.emitFile({ type: 'chunk', id: path, name: file });
  return `require(${JSON.stringify(`./${file}.js`)})`;
}

/** Whether an import is one that `ownFile` wrote: it stays as it is. */
export function isOwnFile(source: string): boolean {
  return /^\.\/vendor\/[^/]+\.js$/.test(source);
}
