import { z } from 'zod';
import { currency, line } from '../platform/declare/schemas.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { once } from '../platform/once.ts';

// What a party's invoices need of it beyond what is printed, field by field: the business terms of EN 16931. A
// field that is not told is null, and named when a document needs it (`legal-rules.ts`), never refused before.

const countryNames = once(() => new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }));
/** What the library has names for and ISO 3166 has not. */
const noCountries = new Set(['AC', 'CP', 'CQ', 'DG', 'EA', 'EU', 'EZ', 'IC', 'QO', 'TA', 'UN', 'XA', 'XB', 'ZZ']);

function isCountry(code: string): boolean {
  const tag = `und-${code}`;
  return Intl.getCanonicalLocales(tag)[0] === tag && !noCountries.has(code) && countryNames().of(code) !== undefined;
}

/** ISO 13616: the remainder by 97 of the account number, its country and check digits put last, is 1. */
function isIban(text: string): boolean {
  const digits = (text.slice(4) + text.slice(0, 4)).replaceAll(/[A-Z]/g, (letter) =>
    String(Number.parseInt(letter, 36)),
  );
  return BigInt(digits) % 97n === 1n;
}

const told = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  schema.nullable().optional().meta({ description });

const partyFields = {
  tradingName: told(line, 'Where it is not the legal name'),
  city: told(line, 'Of the address, whose lines are then the street and what else there is'),
  postalCode: told(line, 'Of the address'),
  country: told(
    z
      .string()
      .regex(/^[A-Z]{2}$/, { error: 'is not a country of ISO 3166, such as GB', abort: true })
      .refine(isCountry, { error: 'is not a country of ISO 3166, such as GB' }),
    'ISO 3166, such as GB',
  ),
  vatId: told(
    z.string().regex(/^[A-Z]{2}[A-Z0-9]{2,13}$/, { error: 'is not a VAT id, such as GB123456789' }),
    'VAT id with its prefix, such as GB123456789',
  ),
  registrationId: told(line, 'In the register of companies'),
  registrationScheme: told(
    z.string().regex(/^\d{4}$/, { error: 'is not a scheme of ISO 6523, such as 0002' }),
    'Of the registration id, by ISO 6523',
  ),
  electronicAddress: told(line, 'Where electronic invoices go to'),
  electronicScheme: told(
    z.string().regex(/^(\d{4}|AN|AQ|AS|AU|EM)$/, { error: 'is not an electronic address scheme, such as 0088 or EM' }),
    'Of the electronic address, by the list EAS; EM is e-mail',
  ),
  contact: told(line, 'A person or a department'),
  phone: told(line, 'Of the contact'),
};

/** The fields of a buyer, as operations take them: what is left out stays, null takes it away. */
export const buyerFields = {
  ...partyFields,
  buyerReference: told(line, 'What the buyer wants on its invoices, beside the purchase order'),
};

/** The fields of a seller: a party, and how it is paid. */
export const sellerFields = {
  ...partyFields,
  iban: told(
    z
      .string()
      .regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, { error: 'is not an IBAN, written without blanks', abort: true })
      .refine(isIban, { error: 'is not an IBAN: its check digits are wrong' }),
    'The account that is paid to',
  ),
  bic: told(z.string().regex(/^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/, { error: 'is not a BIC' }), 'Of the bank'),
  accountName: told(line, 'Whose account it is, where it is not the seller'),
  paymentTerms: told(line, 'In words, beside the due date'),
  vatCurrency: told(currency, 'That VAT is declared in: invoices in another currency show their VAT in it too'),
};

/** What a party is in structured fields; null: not told. */
export interface Party {
  readonly tradingName: string | null;
  readonly city: string | null;
  readonly postalCode: string | null;
  readonly country: string | null;
  readonly vatId: string | null;
  readonly registrationId: string | null;
  readonly registrationScheme: string | null;
  readonly electronicAddress: string | null;
  readonly electronicScheme: string | null;
  readonly contact: string | null;
  readonly phone: string | null;
}

export interface Buyer extends Party {
  readonly buyerReference: string | null;
}

export interface Seller extends Party {
  readonly iban: string | null;
  readonly bic: string | null;
  readonly accountName: string | null;
  readonly paymentTerms: string | null;
  /** That its VAT is declared in; null: VAT is shown in each invoice's own currency alone. */
  readonly vatCurrency: string | null;
}

const plainParty: Party = {
  tradingName: null,
  city: null,
  postalCode: null,
  country: null,
  vatId: null,
  registrationId: null,
  registrationScheme: null,
  electronicAddress: null,
  electronicScheme: null,
  contact: null,
  phone: null,
};

/** Of which nothing was told. */
export const plainBuyer: Buyer = { ...plainParty, buyerReference: null };
export const plainSeller: Seller = {
  ...plainParty,
  iban: null,
  bic: null,
  accountName: null,
  paymentTerms: null,
  vatCurrency: null,
};

/** @throws ArcadiaError invalid_argument: a scheme without what it is of, or an electronic address without its scheme */
export function assertWhole(party: Party): void {
  const refuse = (message: string): never => {
    throw new ArcadiaError('invalid_argument', message);
  };
  if (party.registrationScheme !== null && party.registrationId === null) {
    refuse('A registration scheme needs the registration id that it is of.');
  }
  if ((party.electronicScheme === null) !== (party.electronicAddress === null)) {
    refuse('An electronic address and its scheme are given together.');
  }
}
