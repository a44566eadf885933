const stringWidth = require('./string-width.cjs');

/** The widest-line package. */
module.exports = (text) => Math.max(...text.split('\n').map(stringWidth));
