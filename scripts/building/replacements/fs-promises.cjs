const { readFileSync, statSync } = require('node:fs');

/** node:fs/promises, but what reads small files does so in the calling thread. */
const inThisThread = {
  readFile: async (...args) => readFileSync(...args),
  stat: async (...args) => statSync(...args),
};

module.exports = new Proxy(inThisThread, {
  get: (own, name) => own[name] ?? process.getBuiltinModule('node:fs/promises')[name],
});
