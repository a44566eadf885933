import { LatchkeyError } from './errors.ts';
import type { MessageText, NetworkMessage } from './network.ts';
import { quoted } from './shown-text.ts';

// What a sharer tells those who join: somebody else's words on other people's screens.

export const mostMessageLanguages = 10;
export const mostMessageCharacters = 500;
export const mostLinkCharacters = 200;

/** Controls but for line feeds, what turns the direction of writing (Unicode's Bidi_Control), line and paragraph separators, and halves of characters. */
const unwanted = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u;
/** A host by name or IPv4 address, nobody's name before it; of the rest what RFC 3986 allows. */
const link = /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:[/?#][\w\-.~:/?#[\]@!$&'()*+,;=%]*)?$/i;

/** Errors: `invalid_input`. */
export function checkedMessage({ texts, validFrom, validTo }: Omit<NetworkMessage, 'version'>): Omit<NetworkMessage, 'version'> {
  if (texts.length < 1 || texts.length > mostMessageLanguages) {
    throw new LatchkeyError('invalid_input', `A message is in 1 to ${mostMessageLanguages} languages.`);
  }
  const checked = texts.map(checkedText);
  const twice = checked.find(({ language }, index) => checked.findIndex((each) => each.language === language) < index);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `The message is in ${twice.language} twice.`);
  }
  if (validFrom !== undefined && validTo !== undefined && validFrom >= validTo) {
    throw new LatchkeyError('invalid_input', 'A message is valid to a moment after that from which it is.');
  }
  return { texts: checked, validFrom, validTo };
}

export function isValidAt({ validFrom, validTo }: Pick<NetworkMessage, 'validFrom' | 'validTo'>, at: Date): boolean {
  return (validFrom === undefined || validFrom <= at) && (validTo === undefined || at < validTo);
}

function checkedText({ language, text, link: address }: MessageText): MessageText {
  const length = Array.from(text).length;
  if (length < 1 || length > mostMessageCharacters || text.trim() === '') {
    throw new LatchkeyError('invalid_input', `A message has 1 to ${mostMessageCharacters} characters.`);
  }
  if (unwanted.test(text)) {
    throw new LatchkeyError('invalid_input', 'A message has no control characters but line feeds, and nothing that turns the direction of writing.');
  }
  if (address !== undefined && (address.length > mostLinkCharacters || !link.test(address))) {
    throw new LatchkeyError('invalid_input', `${quoted(address)} is no link such as https://example.org/menu, of at most ${mostLinkCharacters} characters.`);
  }
  return { language: parseLanguage(language), text, link: address };
}

/** A language tag (BCP 47) as it is usually written: `de`, `pt-BR`. Errors: `invalid_input`. */
export function parseLanguage(text: string): string {
  if (text.length <= 35 && /^[a-z]{2,3}(?:-[a-z0-9]{1,8})*$/i.test(text)) {
    try {
      return Intl.getCanonicalLocales(text)[0]!;
    } catch {
      // Of that shape, and yet none.
    }
  }
  throw new LatchkeyError('invalid_input', `${quoted(text)} is no language such as de or pt-BR.`);
}
