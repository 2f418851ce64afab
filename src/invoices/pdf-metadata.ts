// What a PDF says of itself stands in it twice: in its information, and as XML (XMP), into which the library puts a title
// and an author as they come. `Smith & Sons` would make of it no XML at all.

interface WithMetadata {
  info: object;
  /** Of the library, called once at the end of the document. */
  _addInfo(): void;
}

/** Has a document write its information into its XML as text, whatever characters it holds. */
export function escapeMetadata(doc: PDFKit.PDFDocument): void {
  const written = doc as unknown as WithMetadata;
  const addInfo = written._addInfo.bind(written);
  written._addInfo = () => {
    const { info } = written;
    written.info = Object.fromEntries(
      Object.entries(info).map(([name, value]) => [name, typeof value === 'string' ? xmlText(value) : value]),
    );
    addInfo();
    written.info = info;
  };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text within XML 1.0, which some characters cannot be in at all, not even escaped. */
function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}
