/** The debug package, for those who have set DEBUG. */
module.exports = process.env.DEBUG ? require('debug') : () => () => {};
