/** An image as it is kept and drawn: written anew. Or why it cannot be, as the rest of a sentence. */
export type Normalised =
  | { readonly type: 'image/png' | 'image/jpeg'; readonly bytes: Uint8Array }
  | { readonly fault: string };

/** Far more than a logo that is printed 5 cm wide needs; what decodes to more is refused undecoded. */
export const pixelsMax = 4_000_000;

export function tooLarge(width: number, height: number): { readonly fault: string } {
  return { fault: `has ${width} x ${height} pixels; at most ${pixelsMax} in all are taken. Make it smaller` };
}

/** The media type of an image by how it begins; null: neither PNG nor JPEG. */
export function imageType(bytes: Uint8Array): 'image/png' | 'image/jpeg' | null {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (head === '\x89PNG\r\n\x1a\n') return 'image/png';
  return head.startsWith('\xff\xd8\xff') ? 'image/jpeg' : null;
}
