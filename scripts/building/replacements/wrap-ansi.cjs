/** The wrap-ansi package, which is asked only about what is not plain ASCII, and about words that must be broken. */
module.exports = (text, columns, options = {}) => {
  const { hard, trim, wordWrap } = options;
  const isEasy = typeof text === 'string' && hard === true && trim !== false && wordWrap !== false && /^[\x20-\x7e\n]*$/.test(text);
  const words = isEasy ? text.split(/[ \n]/) : [];
  return isEasy && words.every((word) => word.length <= columns)
    ? text.split('\n').map((line) => wrapLine(line, columns)).join('\n')
    : require('wrap-ansi')(text, columns, options);
};

function wrapLine(line, columns) {
  const rows = [''];
  for (const word of line.split(' ')) {
    const row = rows.pop().trimStart();
    const begun = row === '' ? '' : `${row} `;
    if (begun !== '' && word !== '' && begun.length + word.length > columns) {
      rows.push(begun, word);
    } else {
      rows.push(begun + word);
    }
  }
  return rows.map((row) => row.trimEnd()).join('\n');
}
