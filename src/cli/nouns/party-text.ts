interface Party {
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

/** What a person reads of a party's fields; an id with its scheme. */
export function partyFields(party: Party): [string, string | null][] {
  const withScheme = (id: string | null, scheme: string | null) => (scheme === null ? id : `${id} (${scheme})`);
  return [
    ['trading name', party.tradingName],
    ['city', party.city],
    ['postal code', party.postalCode],
    ['country', party.country],
    ['vat id', party.vatId],
    ['registration', withScheme(party.registrationId, party.registrationScheme)],
    ['electronic address', withScheme(party.electronicAddress, party.electronicScheme)],
    ['contact', party.contact],
    ['phone', party.phone],
  ];
}
