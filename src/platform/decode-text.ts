import { ArcadiaError } from './errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const lineEnd = 0x0a;

/**
 * The text of bytes that somebody hands in; `what` names them in an error, as `customers.csv` or `The body`.
 * Errors: invalid_argument where they are not UTF-8, which would be stored with holes: with the first line at fault.
 */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `${what} ${reasonOf(bytes)}`, { cause });
  }
}

function reasonOf(bytes: Uint8Array): string {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return 'is UTF-16. Save it as UTF-8.';
  if (first === 0x50 && second === 0x4b && third === 0x03 && fourth === 0x04)
    return 'is an archive, as spreadsheets in .xlsx or .ods are, and no text. Export it as CSV in UTF-8.';
  // No byte of a longer character is a line end: lines can be decoded one by one.
  let line = 1;
  for (let begin = 0; begin < bytes.length; line += 1) {
    const found = bytes.indexOf(lineEnd, begin);
    const end = found < 0 ? bytes.length : found;
    const part = bytes.subarray(begin, end);
    if (!isUtf8(part)) {
      const shown = new TextDecoder('utf-8').decode(part).trim();
      return `is not UTF-8: line ${line} reads "${shown.slice(0, 60)}${shown.length > 60 ? '...' : ''}". Save it as UTF-8.`;
    }
    begin = end + 1;
  }
  return 'is not UTF-8. Save it as UTF-8.';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
