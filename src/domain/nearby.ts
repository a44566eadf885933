import type { MessageText, NetworkMessage } from './network.ts';

/** Of so many registered radios at least, or all if there are fewer, a network is known again (protocol.md section 6). */
export const radiosToMatch = 2;

export function isHeardNearby(registered: readonly string[], heard: ReadonlySet<string>): boolean {
  const count = registered.filter((bssid) => heard.has(bssid)).length;
  return count > 0 && count >= Math.min(radiosToMatch, registered.length);
}

/** The text for who speaks this language (BCP 47): in it, else in a variant of it, else the first. */
export function textIn({ texts }: Pick<NetworkMessage, 'texts'>, language: string | undefined): MessageText {
  const wanted = language?.toLowerCase();
  const primary = (tag: string) => tag.toLowerCase().split('-')[0];
  return texts.find((text) => text.language.toLowerCase() === wanted)
    ?? texts.find((text) => wanted !== undefined && primary(text.language) === primary(wanted))
    ?? texts[0]!;
}

/** Of a locale as the environment names it (POSIX, 8.2): `de_CH.UTF-8` is de-CH; undefined for none, as `C` is. */
export function languageOfLocale(locale: string | undefined): string | undefined {
  const [, language, region] = /^([A-Za-z]{2,3})(?:_([A-Za-z]{2}))?(?:[.@].*)?$/.exec(locale ?? '') ?? [];
  return language === undefined ? undefined : region === undefined ? language.toLowerCase() : `${language.toLowerCase()}-${region.toUpperCase()}`;
}
