import { inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { documentCsv } from './csv.ts';
import type { DocumentLine, InvoiceDocument } from './document.ts';
import { plainSeller } from './party.ts';
import { drawPdf } from './pdf.ts';
import { accountOf, describe as describeLine, partyLines, settlementOf } from './pdf-words.ts';
import { sha256 } from './canonical-json.ts';

const at = Temporal.Instant.from('2026-06-04T09:00:00Z');
const none = { logo: null, font: null };
/** One red pixel. */
const logo = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

function line(position: number, description = 'Droplet hours, running'): DocumentLine {
  return {
    position,
    kind: 'usage',
    serviceMonth: '2026-05',
    component: 'usage studio droplet_hours',
    description,
    quantity: '744',
    unit: 'hour',
    unitPrice: '0.04',
    amount: '29.76',
    taxCategory: 'standard',
    taxPercent: '20',
    details: {
      used: '2232',
      included: '1488',
      from: '2026-05-01T00:00:00Z',
      to: '2026-06-01T00:00:00Z',
      model: 'standard',
      limitedBy: null,
    },
  };
}

function document(lines: number, change: Partial<InvoiceDocument> = {}): InvoiceDocument {
  return {
    format: 'arcadia-invoice/1',
    kind: 'invoice',
    number: 'INV-000017',
    issuedOn: '2026-06-04',
    dueOn: '2026-06-18',
    termsDays: 14,
    currency: 'USD',
    month: '2026-05',
    period: { from: '2026-05-01', to: '2026-06-01' },
    credits: null,
    usageRevision: 31,
    seller: {
      name: 'Example Hosting Ltd',
      address: ['1 Quay Street'],
      taxIds: ['VAT 1'],
      email: null,
      footer: null,
      logo: null,
      font: null,
    },
    buyer: {
      customer: 'c-17',
      name: 'Kovářová Łukasz Αθήνα Київ',
      address: ['Praha'],
      taxIds: [],
      email: null,
      poNumber: 'PO-93',
    },
    sections: [
      {
        deployment: 'shop',
        name: 'Shop',
        subtotal: '29.76',
        lines: Array.from({ length: lines }, (_, index) => line(index + 1)),
      },
    ],
    subtotal: '29.76',
    taxes: [],
    tax: '0.00',
    total: '29.76',
    ...change,
  };
}

/** All of the file that can be read: its objects, and what their streams hold. */
function textOf(bytes: Uint8Array): string {
  const file = Buffer.from(bytes);
  let text = file.toString('latin1');
  for (const match of file.toString('latin1').matchAll(/stream\n/g)) {
    try {
      text += inflateSync(file.subarray(match.index + 7)).toString('latin1');
    } catch {
      // A stream that is not compressed is there already.
    }
  }
  return text;
}

it('has the same bytes whenever it is drawn, and others for another instant', async () => {
  const first = sha256(await drawPdf(document(3), { logo, font: null }, at));
  expect(sha256(await drawPdf(document(3), { logo, font: null }, at))).toBe(first);
  expect(sha256(await drawPdf(document(3), { logo, font: null }, at.add({ hours: 1 })))).not.toBe(first);
});

it('says what it is to a reading voice: language, title, headings, tables with their headers, the logo in words', async () => {
  const text = textOf(
    await drawPdf(document(2, { seller: { ...document(1).seller, logo: 'x' } }), { logo, font: null }, at),
  );
  expect(text).toContain('/Lang (en)');
  expect(text).toContain('/DisplayDocTitle true');
  expect(text).toContain('pdfuaid:part');
  for (const type of ['Document', 'H1', 'H2', 'Table', 'TR', 'TH', 'TD', 'L', 'Lbl', 'LBody', 'Figure']) {
    expect(text).toContain(`/S /${type}\n`);
  }
  expect(text).toContain('/Alt (Logo of Example Hosting Ltd)');
  // Fonts are in the file, with what their glyphs mean: so text can be selected and searched.
  expect(text).toMatch(/\/ToUnicode/);
  expect(text).toMatch(/\/FontFile[23]/);
});

it('goes on over as many pages as it needs', async () => {
  const pages = async (lines: number) =>
    textOf(await drawPdf(document(lines), none, at)).match(/\/Type \/Page\n/g)?.length;
  expect(await pages(1)).toBe(1);
  expect(await pages(200)).toBeGreaterThan(8);
});

it('says what is to be paid by when, and of a total below zero that it is credited', () => {
  const due = (change: Partial<InvoiceDocument>) => settlementOf(document(1, change));
  expect(due({})).toBe('29.76 USD due 18 June 2026');
  expect(due({ total: '-2.40', dueOn: null })).toBe('2.40 USD credited');
  // As it was issued before a total below zero had no date.
  expect(due({ total: '-2.40' })).toBe('2.40 USD credited');
  expect(due({ total: '0.00', dueOn: null })).toBe('0.00 USD, nothing is to be paid');
  expect(due({ kind: 'credit_note', total: '-1.15' })).toBe('1.15 USD credited');
  expect(due({ number: null, dueOn: null, total: '-2.40' })).toBe('\u22122.40 USD, not issued yet');
});

it('shows the days of a fee, and of usage where they are not the whole month', () => {
  const whole = { from: '2026-05-01T00:00:00Z', to: '2026-06-01T00:00:00Z' };
  const next = { from: '2026-06-01T00:00:00Z', to: '2026-07-01T00:00:00Z' };
  const remark = (kind: DocumentLine['kind'], details: DocumentLine['details']) =>
    describeLine({ ...line(1), kind, details }, '2026-05').remark;
  expect(remark('base', whole)).toBe('1 May 2026 to 31 May 2026');
  expect(remark('base', next)).toBe('1 June 2026 to 30 June 2026');
  expect(remark('usage', whole)).toBe('');
  expect(remark('correction', { ...whole, corrects: 'INV-000009' })).toBe('Corrects invoice INV-000009');
});

it('says what a part of a month is, where there is one', () => {
  const remark = (used: string, quantity: string, unit = 'zone-month') =>
    describeLine({ ...line(1), unit, quantity, details: { ...line(1).details, used, included: '1' } }, '2026-05')
      .remark;
  expect(remark('0.387096774', '0')).toBe(
    '0.387096774 zone-months used, all included; 1 zone-month is 1 zone for the whole month, and less time its part',
  );
  expect(remark('2', '1')).toBe('2 zone-months used, 1 included');
  expect(remark('720.5', '719.5', 'hour')).toBe('720.5 hours used, 1 included');
});

it('prints a city and a VAT id that no line has, and the account', () => {
  const { seller } = document(1);
  const party = {
    ...plainSeller,
    city: 'Bristol',
    postalCode: 'BS1 4DJ',
    country: 'GB',
    vatId: 'GB1',
  };
  expect(partyLines({ ...seller, party })).toEqual(['1 Quay Street', 'BS1 4DJ Bristol', 'GB', 'VAT 1', 'VAT GB1']);
  const printed = { ...seller, address: ['1 Quay Street', 'Bristol'], taxIds: ['VAT GB1'], party };
  expect(partyLines(printed)).toEqual(['1 Quay Street', 'Bristol', 'VAT GB1']);
  expect(partyLines(seller)).toEqual(['1 Quay Street', 'VAT 1']);
  expect(accountOf({ iban: 'X1', bic: 'B', accountName: null, terms: null })).toBe('IBAN X1, BIC B');
  expect(accountOf(null)).toBe(null);
});

it('as CSV, has a row a line, and nothing that a spreadsheet would run', () => {
  const vat = { category: 'standard', percent: '20', treatment: 'taxed', title: 'VAT', note: null } as const;
  const csv = documentCsv(
    document(1, {
      taxes: [{ ...vat, base: '29.76', amount: '5.95' }],
      sections: [
        {
          deployment: 'shop',
          name: 'Shop',
          subtotal: '1',
          lines: [{ ...line(1, '=1+1, "so"'), period: { from: '2026-06-01', to: '2026-07-01' } }],
        },
      ],
    }),
  );
  expect(csv.split('\r\n')[1]).toBe(
    `INV-000017,invoice,2026-05,2026-06-04,2026-06-18,c-17,USD,1,shop,usage,2026-05,2026-06-01,2026-07-01,usage studio droplet_hours,"'=1+1, ""so""",744,hour,0.04,29.76,standard,20,,,,,,,,`,
  );
  // A tax is a row of its own, with what it is charged on.
  expect(csv.split('\r\n')[2]).toBe(
    'INV-000017,invoice,2026-05,2026-06-04,2026-06-18,c-17,USD,,,tax,2026-05,2026-05-01,2026-06-01,tax standard,VAT,,,,5.95,standard,20,29.76,,,,,,,',
  );
});

it('says of itself what it is, whatever characters a seller is called by', async () => {
  const name = 'Smith & Sons <"Ltd">\u0007';
  const bytes = Buffer.from(await drawPdf(document(1, { seller: { ...document(1).seller, name } }), none, at));
  const text = bytes.toString('utf8');
  const xml = text.slice(text.indexOf('<x:xmpmeta'), text.indexOf('</x:xmpmeta>'));
  expect(xml).toContain('<rdf:li>Smith &amp; Sons &lt;&quot;Ltd&quot;&gt;\ufffd</rdf:li>');
  expect(xml).toContain('INV-000017, Smith &amp; Sons');
  // Nothing is left that would begin a tag or an entity of its own.
  expect(xml.replaceAll(/<\/?[a-z]+:[^<>]*>|&(amp|lt|gt|quot|apos);/gi, '')).not.toMatch(/[<&]|\p{Cc}(?<!\n)/u);
});
