import type { NextOperation } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import type { InvoiceRow, KnownLater, PartiesRow } from './invoices.store.ts';
import { categoryCodeOf } from './tax-categories.ts';

/**
 * The operations that tell what a document lacks of its parties. They name the month's first day where something is told
 * already: without a day a change would count from today, and the document lack it as before.
 */
export function nextForParties(
  { entity, sellerLater, buyerLater }: Pick<PartiesRow, 'entity' | 'sellerLater' | 'buyerLater'>,
  { customer, month }: Pick<InvoiceRow, 'customer' | 'month'>,
): { readonly seller: Required<NextOperation>; readonly buyer: Required<NextOperation> } {
  const dated = ({ told }: KnownLater) => (told ? { from: month.toString() } : {});
  return {
    seller: { operation: 'entity set', arguments: { entity, ...dated(sellerLater) } },
    buyer: { operation: 'customer billing set', arguments: { customer, ...dated(buyerLater) } },
  };
}

/** What a document lacks to be an electronic invoice by a rule; it can be issued as it is. */
export interface LackingByRule {
  /** Of EN 16931, or of a profile of it that the seller's country or electronic address makes due. */
  readonly rule: string;
  /** `BR-11: the buyer's country` */
  readonly message: string;
  /** The operation that tells it. */
  readonly next: Required<NextOperation>;
}

/** What a document lacks by the rules of electronic invoices, as far as its parties, taxes and total need it. */
export function lackingByRules(
  { seller, buyer, ...parties }: PartiesRow,
  invoice: Pick<InvoiceRow, 'customer' | 'taxes' | 'total' | 'kind' | 'month'>,
): LackingByRule[] {
  const { seller: ofSeller, buyer: ofBuyer } = nextForParties(parties, invoice);
  const codes = new Set(invoice.taxes.map(categoryCodeOf));
  const isVat = codes.has('S') || codes.has('Z') || codes.has('E') || codes.has('AE');
  const isPaid = invoice.kind === 'invoice' && new Decimal(invoice.total).gt(0);
  const isGerman = seller.country === 'DE';
  const isPeppol = seller.electronicAddress !== null;
  const taxRule = codes.has('AE') ? 'BR-AE-02' : codes.has('E') ? 'BR-E-02' : codes.has('S') ? 'BR-S-02' : 'BR-Z-02';
  const rules: readonly (readonly [boolean, string, string, LackingByRule['next']])[] = [
    [parties.sellerName === null, 'BR-06', "the seller's name", ofSeller],
    [parties.sellerAddress.length === 0 && seller.city === null, 'BR-08', "the seller's address", ofSeller],
    [seller.country === null, 'BR-09', "the seller's country", ofSeller],
    [parties.buyerAddress.length === 0 && buyer.city === null, 'BR-10', "the buyer's address", ofBuyer],
    [buyer.country === null, 'BR-11', "the buyer's country", ofBuyer],
    [
      !isVat && seller.vatId === null && seller.registrationId === null,
      'BR-CO-26',
      "the seller's VAT id or registration id",
      ofSeller,
    ],
    [isVat && seller.vatId === null, taxRule, "the seller's VAT id", ofSeller],
    [
      codes.has('AE') && buyer.vatId === null && buyer.registrationId === null,
      'BR-AE-02',
      "the buyer's VAT id or registration id",
      ofBuyer,
    ],
    [isPaid && seller.iban === null, 'BR-61', "the seller's account (IBAN)", ofSeller],
    [isPeppol && buyer.electronicAddress === null, 'PEPPOL-EN16931-R010', "the buyer's electronic address", ofBuyer],
    [
      isPeppol && !isGerman && buyer.buyerReference === null && parties.poNumber === null,
      'PEPPOL-EN16931-R003',
      "the buyer's reference or purchase order",
      ofBuyer,
    ],
    [isGerman && seller.city === null, 'BR-DE-3', "the seller's city", ofSeller],
    [isGerman && seller.postalCode === null, 'BR-DE-4', "the seller's postal code", ofSeller],
    [isGerman && seller.contact === null, 'BR-DE-5', "the seller's contact", ofSeller],
    [isGerman && seller.phone === null, 'BR-DE-6', "the telephone number of the seller's contact", ofSeller],
    [isGerman && parties.sellerEmail === null, 'BR-DE-7', "the e-mail of the seller's contact", ofSeller],
    [isGerman && buyer.city === null, 'BR-DE-8', "the buyer's city", ofBuyer],
    [isGerman && buyer.postalCode === null, 'BR-DE-9', "the buyer's postal code", ofBuyer],
    [isGerman && buyer.buyerReference === null, 'BR-DE-15', "the buyer's reference", ofBuyer],
  ];
  return rules.flatMap(([lacks, rule, what, next]) => (lacks ? [{ rule, message: `${rule}: ${what}`, next }] : []));
}
