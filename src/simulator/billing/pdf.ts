import { dollars } from './cost.ts';
import type { Invoice } from './documents.ts';
import { monthInWords } from './months.ts';
import { partsOf } from './views.ts';

/**
 * An invoice on one page, with its number and totals: the same invoice is the same bytes, which a
 * library that writes the time into a document does not give.
 */
export function pdfOf(invoice: Invoice, customer: string): Buffer {
  const { charges, overages, taxes, credits } = partsOf(invoice);
  const texts = [
    `Invoice ${invoice.number}`,
    `Simulated ${customer}`,
    `For ${monthInWords(invoice.month)}, ${invoice.lines.length} lines`,
    '',
    `Product usage charges: $${dollars(charges)}`,
    `Overages: $${dollars(overages)}`,
    `Taxes: $${dollars(taxes)}`,
    `Credits & adjustments: $${dollars(credits)}`,
    `Total: $${dollars(invoice.amount)}`,
  ];
  const shown = texts.map((text) => `(${text.replaceAll(/[\\()]/g, (sign) => `\\${sign}`)}) Tj T*`).join('\n');
  const content = `BT /F1 12 Tf 72 760 Td 18 TL\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>',
    `<< /Length ${Buffer.byteLength(content)} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const size = objects.length + 1;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(`${text}xref\n0 ${size}\n0000000000 65535 f \n${places.join('')}${trailer}`, 'latin1');
}
