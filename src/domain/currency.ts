import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

/** Decimals of the currencies that do not have two (ISO 4217, list one). */
const decimalsByCode: Readonly<Record<string, number>> = {
  ...each(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...each(2, [
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP',
    'COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR',
    'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN',
    'NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL',
    'THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  ].join(' ')),
  ...each(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...each(4, 'CLF UYW'),
};

function each(decimals: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, decimals]));
}

/** All currencies, in the order of their codes. Metals, funds of institutions and codes for tests are none. */
export const currencies: readonly string[] = Object.keys(decimalsByCode).sort();

/** How many decimals the currency's minor unit is (ISO 4217): 2 for EUR, 0 for JPY. Errors: `currency_unknown`. */
export function decimalsOf(currency: string): number {
  const decimals = Object.hasOwn(decimalsByCode, currency) ? decimalsByCode[currency] : undefined;
  if (decimals === undefined) {
    throw new LatchkeyError('currency_unknown', `${quoted(currency)} is no currency of ISO 4217.`);
  }
  return decimals;
}

/** An alphabetic code of ISO 4217, in capitals. Errors: `currency_unknown`. */
export function parseCurrency(text: string): string {
  decimalsOf(text);
  return text;
}
