import PDFDocument from 'pdfkit';
import type { TaskWork } from '../platform/workers/task.ts';

// Sets every letter of a font, as documents do, and answers with why it cannot; null: it can.

/** What pdfkit keeps of a registered font; its types do not tell. */
interface Embedded {
  readonly font: { readonly characterSet: readonly number[] };
  readonly subset: { includeGlyph(id: number): number; encode(): Uint8Array };
  encode(text: string): unknown;
}

/** Letters that are set at a time: about a line. */
const lettersAtOnce = 100;

function faultOf(bytes: Uint8Array): string | null {
  try {
    const doc = new PDFDocument();
    doc.registerFont('own', Buffer.from(bytes)).font('own');
    const embedded = (doc as unknown as { readonly _font: Embedded })._font;
    const letters = embedded.font.characterSet;
    if (letters.length === 0) return 'has no letters';
    doc.currentLineHeight();
    for (let start = 0; start < letters.length; start += lettersAtOnce) {
      embedded.encode(String.fromCodePoint(...letters.slice(start, start + lettersAtOnce)));
    }
    embedded.subset.encode();
    return null;
  } catch (error) {
    return `is damaged: it cannot be set with (${error instanceof Error ? error.message : String(error)})`;
  }
}

export const run: TaskWork<Uint8Array, string | null> = faultOf;
