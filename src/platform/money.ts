import { ArcadiaError } from './errors.ts';
import { Decimal, roundHalfAwayFromZero } from './quantity.ts';

// Decimals of a currency's minor unit: ISO 4217, list one (the maintenance agency's table of
// active codes), without funds, metals and codes that have no minor unit.
const currencies: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
      CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
      KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
      NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
      TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
};

const digitsByCurrency: ReadonlyMap<string, number> = new Map(
  Object.entries(currencies).flatMap(([digits, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, Number(digits)]),
  ),
);

/** Whether a code is one of ISO 4217 that amounts can be in. */
export function isCurrency(code: string): boolean {
  return digitsByCurrency.has(code);
}

/** How many decimals amounts in this currency have: 0, 2 or 3. */
export function currencyDigits(currency: string): number {
  const digits = digitsByCurrency.get(currency);
  if (digits === undefined) {
    throw new ArcadiaError('invalid_argument', `'${currency}' is not a currency of ISO 4217, such as USD or EUR.`, {
      details: { currency },
    });
  }
  return digits;
}

/** To the currency's minor unit, half away from zero. Done once per line that is shown. */
export function roundMoney(amount: Decimal, currency: string): Decimal {
  return roundHalfAwayFromZero(amount, currencyDigits(currency));
}

/** Rounded, with exactly the currency's decimals: 50.00 of USD, 50 of JPY, 50.000 of KWD. */
export function formatMoney(amount: Decimal, currency: string): string {
  const rounded = roundMoney(amount, currency);
  return (rounded.isZero() ? new Decimal(0) : rounded).toFixed(currencyDigits(currency));
}
