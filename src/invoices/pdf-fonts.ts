import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Inter for what is written in Latin, Greek and Cyrillic letters, DejaVu for many other scripts,
// and what a legal entity brings for the rest. All are embedded, so that every reader shows the
// same, and only those letters that are used.

export type Weight = 'regular' | 'bold';

/** What a document is asked for: the font to set a text in. */
export interface Fonts {
  /** The name, as registered, of the first font that has every letter of the text; else of the one that has most. */
  fontFor(text: string, weight: Weight): string;
}

interface FontFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const resolve = createRequire(import.meta.url).resolve;
const files: Record<Weight, readonly string[]> = {
  regular: ['@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf'],
  bold: ['@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'],
};
/** These four files and no more, as they are on the disk: a process that draws reads each once. */
const read = new Map<string, Uint8Array>();

function builtIn(weight: Weight): FontFile[] {
  return files[weight].map((path) => {
    const bytes = read.get(path) ?? readFileSync(resolve(path));
    read.set(path, bytes);
    return { name: path, bytes };
  });
}

/**
 * Registers the fonts with a document.
 * @param own a legal entity's font, for both weights
 */
export function registerFonts(doc: PDFKit.PDFDocument, own: Uint8Array | null): Fonts {
  const candidates: Record<Weight, string[]> = { regular: [], bold: [] };
  const glyphs = new Map<string, (codePoint: number) => boolean>();
  for (const weight of ['regular', 'bold'] as const) {
    const added = own === null ? [] : [{ name: 'own', bytes: own }];
    for (const { name, bytes } of [...builtIn(weight), ...added]) {
      candidates[weight].push(name);
      if (glyphs.has(name)) continue;
      doc.registerFont(name, Buffer.from(bytes));
      glyphs.set(name, coverage(doc, name));
    }
  }
  const lacking = (name: string, text: string) =>
    Array.from(text).filter((letter) => letter.trim() !== '' && !glyphs.get(name)?.(letter.codePointAt(0) ?? 0));
  return {
    fontFor(text, weight) {
      const counted = candidates[weight].map((name) => ({ name, lacking: lacking(name, text).length }));
      return counted.toSorted((a, b) => a.lacking - b.lacking)[0]?.name as string;
    },
  };
}

/** What letters a registered font has. pdfkit keeps the opened font, whose type its types do not tell. */
function coverage(doc: PDFKit.PDFDocument, name: string): (codePoint: number) => boolean {
  doc.font(name);
  const { font } = (doc as unknown as { _font: { font: { hasGlyphForCodePoint(codePoint: number): boolean } } })._font;
  return (codePoint) => font.hasGlyphForCodePoint(codePoint);
}
