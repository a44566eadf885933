#!/usr/bin/env node
// Before the version is checked nothing may be imported, and nothing be said that an old Node does not understand.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(`latchkey needs Node 24.15 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}
const { createRequire, enableCompileCache } = process.getBuiltinModule('node:module');
const { dirname, join } = process.getBuiltinModule('node:path');

const cache = cacheFolder(process.env);
if (cache !== undefined) {
  enableCompileCache(join(cache, 'compiled'));
}
createRequire(import.meta.url)('../dist/main.js').main({ root: dirname(import.meta.dirname) });

/**
 * Where this user's programs keep what may be deleted. Never the default of Node, a folder that all users of the
 * machine share: what lies there is run.
 */
function cacheFolder({ LATCHKEY_CACHE_HOME, XDG_CACHE_HOME, HOME, LOCALAPPDATA }) {
  const shared = { darwin: HOME && join(HOME, 'Library', 'Caches'), win32: LOCALAPPDATA };
  const users = process.platform in shared ? shared[process.platform] : XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  return LATCHKEY_CACHE_HOME || (users ? join(users, 'latchkey') : undefined);
}
