/**
 * Text as people may see it. What came from a device, an access point, a label or a server may hold characters that
 * move the cursor, recolour the screen, turn the direction of writing or are not seen at all (Unicode's general
 * categories Cc, Cf, Cs, Co, Zl and Zp): they are shown as escapes. Whatever shows a text to people passes it through
 * here, once and last. The surrogates U+DC80 to U+DCFF stand for bytes that are no text (`ssidText`).
 */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|\\(?=x|u)/gu, (character) => {
    if (character === '\\') {
      return '\\\\';
    }
    const point = character.codePointAt(0)!;
    const code = (point >= 0xdc80 && point <= 0xdcff ? point - 0xdc00 : point).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
  });
}

/**
 * A value as JSON that people may see on a screen: what `shown` takes out is there as JSON's own escapes (RFC 8259, 7), and
 * so says the same to whoever parses it. `indent`: as of JSON.stringify.
 */
export function shownJson(value: unknown, indent?: number): string {
  // JSON's own strings have no line feeds: those are of the indentation.
  return JSON.stringify(value, null, indent).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (character) =>
    character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''));
}

/** A message as the first of several sentences. */
export function asSentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

const longestQuotation = 64;

/**
 * What somebody says of himself, as a part of our own sentence: in quotation marks that it cannot close, and of no
 * more than 64 characters.
 */
export function quoted(text: string): string {
  const characters = Array.from(text);
  const cut = characters.length > longestQuotation;
  return `"${characters.slice(0, longestQuotation).join('').replace(/["\\]/g, '\\$&')}${cut ? '…' : ''}"`;
}
