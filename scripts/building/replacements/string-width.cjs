/** The string-width package, which is asked only about what is not plain ASCII. */
module.exports = (text) => (/^[\x20-\x7e]*$/.test(text) ? text.length : require('string-width')(text));
