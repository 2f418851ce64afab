import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import type { InvoiceDocument } from './document.ts';
import { type Fonts, registerFonts, type Weight } from './pdf-fonts.ts';
import { escapeMetadata } from './pdf-metadata.ts';
import { grouped, isCredit, longDay } from './pdf-words.ts';
import { type PrintedDocument, printedOf } from './printed.ts';

// A document as one would send it to a customer: A4, tagged (PDF/UA), its text selectable. The same
// document has the same bytes: the only instant in it is the one that is given.

interface PdfAssets {
  readonly logo: Uint8Array | null;
  readonly font: Uint8Array | null;
}

const page = { left: 50, right: 545, top: 50, bottom: 770, width: 495 };
const ink = '#1a1f36';
const soft = '#697386';
const rule = '#e3e8ee';

/** Columns of the table of lines, from the left edge, in points. */
const columns = [
  { title: 'Description', x: 50, width: 245, align: 'left' },
  { title: 'Quantity', x: 300, width: 85, align: 'right' },
  { title: 'Unit price', x: 390, width: 65, align: 'right' },
  { title: 'Amount', x: 460, width: 85, align: 'right' },
] as const;

/**
 * Draws a document.
 * @param at the instant that the file says it was made at: of an issued one, when it was issued
 */
export async function drawPdf(document: InvoiceDocument, assets: PdfAssets, at: Temporal.Instant): Promise<Uint8Array> {
  const title = titleOf(document);
  // oxlint-disable-next-line no-restricted-globals -- pdfkit takes no other
  const made = new Date(at.epochMilliseconds);
  const doc = new PDFDocument({
    size: 'A4',
    // Pages are begun here, never by a text that runs over the edge.
    margin: 0,
    bufferPages: true,
    lang: 'en',
    tagged: true,
    displayTitle: true,
    pdfVersion: '1.7',
    // Its types do not know it yet.
    ...({ subset: 'PDF/UA' } as object),
    info: { Title: title, Author: document.seller.name, CreationDate: made, ModDate: made },
  });
  escapeMetadata(doc);
  const bytes = buffer(doc);
  new Drawing(doc, registerFonts(doc, assets.font), document, assets).draw();
  doc.end();
  return bytes;
}

function titleOf({ kind, number, seller }: InvoiceDocument): string {
  const what = kind === 'invoice' ? 'Invoice' : 'Credit note';
  return [`${number === null ? `Draft ${what.toLowerCase()}` : `${what} ${number}`}`, seller.name]
    .filter(Boolean)
    .join(', ');
}

type TextOptions = {
  readonly weight?: Weight;
  readonly size?: number;
  readonly color?: string;
  readonly align?: 'left' | 'right';
};

class Drawing {
  readonly #doc: PDFKit.PDFDocument;
  readonly #fonts: Fonts;
  readonly #document: InvoiceDocument;
  readonly #printed: PrintedDocument;
  readonly #assets: PdfAssets;
  #y = page.top;

  constructor(doc: PDFKit.PDFDocument, fonts: Fonts, document: InvoiceDocument, assets: PdfAssets) {
    this.#doc = doc;
    this.#fonts = fonts;
    this.#document = document;
    this.#printed = printedOf(document);
    this.#assets = assets;
  }

  draw(): void {
    const root = this.#doc.struct('Document');
    this.#doc.addStructure(root);
    this.#head(root);
    this.#parties(root);
    this.#due(root);
    for (const section of this.#printed.sections) this.#section(root, section);
    this.#totals(root);
    this.#notes(root);
    root.end();
    this.#pageFeet();
  }

  // Text ----------------------------------------------------------------------------------------

  #style(text: string, { weight = 'regular', size = 9, color = ink }: TextOptions): void {
    this.#doc.font(this.#fonts.fontFor(text, weight)).fontSize(size).fillColor(color);
  }

  #heightOf(text: string, width: number, options: TextOptions): number {
    this.#style(text, options);
    return this.#doc.heightOfString(text, { width, lineGap: 2 });
  }

  /** Writes a text at a place; returns its height. */
  #write(text: string, x: number, y: number, width: number, options: TextOptions = {}): number {
    const height = this.#heightOf(text, width, options);
    this.#doc.text(text, x, y, { width, align: options.align ?? 'left', lineGap: 2 });
    return height;
  }

  #add(parent: PDFKit.PDFStructureElement, type: string, work: () => void, options: object = {}): void {
    const element = this.#doc.struct(type, options);
    parent.add(element);
    element.add(work);
    element.end();
  }

  #group(parent: PDFKit.PDFStructureElement, type: string): PDFKit.PDFStructureElement {
    const element = this.#doc.struct(type);
    parent.add(element);
    return element;
  }

  /** What a reading voice passes over. */
  #artifact(type: 'Layout' | 'Pagination', work: () => void): void {
    this.#doc.markContent('Artifact', { type });
    work();
    this.#doc.endMarkedContent();
  }

  #line(y: number, color = rule, x: number = page.left): void {
    this.#artifact('Layout', () => {
      this.#doc.moveTo(x, y).lineTo(page.right, y).lineWidth(0.75).strokeColor(color).stroke();
    });
  }

  /** Begins a page where less than the height is left. Returns whether it did. */
  #need(height: number): boolean {
    if (this.#y + height <= page.bottom) return false;
    this.#doc.addPage();
    this.#y = page.top;
    return true;
  }

  // Parts ---------------------------------------------------------------------------------------

  #head(root: PDFKit.PDFStructureElement): void {
    const { seller } = this.#document;
    const { logo } = this.#assets;
    this.#add(root, 'H1', () => {
      this.#write(this.#printed.title, page.left, this.#y, 300, { weight: 'bold', size: 20 });
    });
    if (logo) {
      const box = { width: 150, height: 44 };
      const bbox = [page.right - box.width, this.#y, page.right, this.#y + box.height];
      this.#add(
        root,
        'Figure',
        () => {
          const options = { fit: [box.width, box.height] as [number, number], align: 'right' as const };
          this.#doc.image(Buffer.from(logo), page.right - box.width, this.#y, options);
        },
        { alt: `Logo of ${seller.name}`, bbox },
      );
    }
    this.#y += 54;
    this.#facts(root);
  }

  #facts(root: PDFKit.PDFStructureElement): void {
    const list = this.#group(root, 'L');
    for (const { label, value } of this.#printed.facts) {
      const item = this.#group(list, 'LI');
      const at = this.#y;
      this.#add(item, 'Lbl', () => this.#write(label, page.left, at, 110, { weight: 'bold' }));
      this.#add(item, 'LBody', () => {
        this.#y += this.#write(value, page.left + 115, at, 380) + 2;
      });
      item.end();
    }
    list.end();
    this.#y += 18;
  }

  #parties(root: PDFKit.PDFStructureElement): void {
    const { from: seller, to: buyer } = this.#printed;
    const from = this.#y;
    const column = (title: string, party: PrintedDocument['from'], x: number): number => {
      let y = from;
      const group = this.#group(root, 'Sect');
      this.#add(group, 'H2', () => {
        y += this.#write(title, x, y, 235, { color: soft }) + 3;
      });
      this.#add(group, 'P', () => {
        y += this.#write(party.name, x, y, 235, { weight: 'bold' }) + 1;
        for (const text of party.lines) {
          y += this.#write(text, x, y, 235) + 1;
        }
      });
      group.end();
      return y;
    };
    this.#y = Math.max(column('From', seller, page.left), column('Bill to', buyer, page.left + 255)) + 22;
  }

  #due(root: PDFKit.PDFStructureElement): void {
    const { credit, settlement } = this.#printed;
    this.#add(root, 'P', () => {
      this.#y += this.#write(settlement, page.left, this.#y, page.width, { weight: 'bold', size: 15 }) + 4;
    });
    if (credit) {
      this.#add(root, 'P', () => {
        this.#y += this.#write(credit, page.left, this.#y, page.width, { color: soft });
      });
    }
    this.#y += 12;
  }

  /** A row of headings; on a page where the table goes on, it is there for the eye alone. */
  #columnTitles(table: PDFKit.PDFStructureElement | null): void {
    const titles = columns.map(({ title, x, width, align }) => {
      const text = title === 'Amount' ? this.#printed.amountTitle : title;
      return () => this.#write(text, x, this.#y, width, { size: 8, color: soft, align });
    });
    if (table === null) {
      this.#artifact('Layout', () => {
        for (const write of titles) write();
      });
    } else {
      const row = this.#group(table, 'TR');
      for (const write of titles) this.#add(row, 'TH', write, { scope: 'Column' });
      row.end();
    }
    this.#y += 15;
    this.#line(this.#y, '#c1c9d2');
    this.#y += 7;
  }

  #section(root: PDFKit.PDFStructureElement, section: PrintedDocument['sections'][number]): void {
    // A heading stays with the first of its lines.
    this.#need(90);
    const sect = this.#group(root, 'Sect');
    const { title, lines, subtotal } = section;
    this.#add(sect, 'H2', () => {
      this.#y += this.#write(title, page.left, this.#y, page.width, { weight: 'bold', size: 11 }) + 8;
    });
    const table = this.#group(sect, 'Table');
    this.#columnTitles(table);
    for (const line of lines) this.#row(table, line);
    if (subtotal !== null) {
      this.#need(24);
      const row = this.#group(table, 'TR');
      const at = this.#y;
      const header = columns[0];
      this.#add(row, 'TH', () => this.#write('Subtotal', header.x, at, header.width, { weight: 'bold' }), {
        scope: 'Row',
      });
      for (const column of columns.slice(1)) {
        const text = column.title === 'Amount' ? subtotal : '';
        this.#add(row, 'TD', () => {
          if (text) this.#write(text, column.x, at, column.width, { weight: 'bold', align: 'right' });
        });
      }
      row.end();
      this.#y += 16;
    }
    table.end();
    sect.end();
    this.#y += 14;
  }

  #row(table: PDFKit.PDFStructureElement, line: PrintedDocument['sections'][number]['lines'][number]): void {
    const { description, remark, quantity, unitPrice, amount } = line;
    const [first] = columns;
    const height =
      this.#heightOf(description, first.width, {}) +
      (remark ? this.#heightOf(remark, first.width, { size: 8 }) + 1 : 0) +
      5;
    if (this.#need(height + 8)) this.#columnTitles(null);
    const at = this.#y;
    const row = this.#group(table, 'TR');
    this.#add(row, 'TD', () => {
      const used = this.#write(description, first.x, at, first.width);
      if (remark) this.#write(remark, first.x, at + used + 1, first.width, { size: 8, color: soft });
    });
    const cells = [quantity, unitPrice, amount];
    for (const [index, text] of cells.entries()) {
      const column = columns[index + 1] as (typeof columns)[number];
      this.#add(row, 'TD', () => {
        if (text) this.#write(text, column.x, at, column.width, { align: 'right' });
      });
    }
    row.end();
    this.#y += height;
    this.#line(this.#y - 1);
    this.#y += 6;
  }

  #totals(root: PDFKit.PDFStructureElement): void {
    const rows = this.#printed.totals;
    const x = 295;
    const heights = rows.map(({ label }) => this.#heightOf(label, 150, {}) + 8);
    this.#need(heights.reduce((sum, height) => sum + height, 10));
    const table = this.#group(root, 'Table');
    for (const [index, { label, amount }] of rows.entries()) {
      const at = this.#y;
      const weight = index === rows.length - 1 ? 'bold' : 'regular';
      if (index > 0) this.#line(at - 4, rule, x);
      const row = this.#group(table, 'TR');
      this.#add(row, 'TH', () => this.#write(label, x, at, 150, { weight }), { scope: 'Row' });
      this.#add(row, 'TD', () => this.#write(amount, x + 150, at, 100, { weight, align: 'right' }));
      row.end();
      this.#y += heights[index] ?? 0;
    }
    table.end();
    this.#y += 12;
  }

  #notes(root: PDFKit.PDFStructureElement): void {
    for (const note of this.#printed.notes) {
      this.#need(this.#heightOf(note, page.width, { size: 8.5 }) + 6);
      this.#add(root, 'P', () => {
        this.#y += this.#write(note, page.left, this.#y, page.width, { size: 8.5, color: soft }) + 6;
      });
    }
  }

  #pageFeet(): void {
    const { start, count } = this.#doc.bufferedPageRange();
    const { number, kind, total, currency, dueOn } = this.#document;
    const due =
      !isCredit({ kind, total }) && dueOn !== null ? ` · ${grouped(total)} ${currency} due ${longDay(dueOn)}` : '';
    for (let index = start; index < start + count; index += 1) {
      this.#doc.switchToPage(index);
      this.#line(792);
      this.#artifact('Pagination', () => {
        this.#write(`${number ?? 'Draft'}${due}`, page.left, 800, 380, { size: 8, color: soft });
        this.#write(`Page ${index - start + 1} of ${count}`, 445, 800, 100, { size: 8, color: soft, align: 'right' });
      });
    }
  }
}
