import { refused } from './errors.ts';

/** As large as a file may be, in bytes. */
const bytesMax = 64 * 1024 * 1024;

const toPlanJson = 'Hand in what `tofu show -json` or `terraform show -json` says of the saved plan.';

/**
 * The JSON value of a file; undefined: the file is empty. A mark of its encoding, as PowerShell writes one, is no part of it.
 * Errors: invalid_argument, in sentences that quote nothing of the file.
 */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.length > bytesMax)
    throw refused(`The file has ${bytes.length} bytes; at most ${bytesMax} are read.`, 'Import one state at a time.');
  const text = textOf(bytes);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(text, bytes.length, error);
  }
}

function textOf(bytes: Uint8Array): string {
  const [first, second, third, fourth] = bytes;
  if (first === 0x50 && second === 0x4b && third === 0x03 && fourth === 0x04)
    throw refused('The file is a saved plan, which only the program that made it can read.', toPlanJson);
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw refused(`The file is not text in ${encoding.toUpperCase()}.`, 'Save it as UTF-8.');
  }
}

/** The parser's own message quotes what stands around the error: only the place is taken from it. */
function notJson(text: string, bytes: number, error: unknown) {
  const message = (error as Error).message;
  const place = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  const isCut = message === 'Unexpected end of JSON input' || Number(place) >= text.trimEnd().length;
  if (isCut && /^\s*[[{]/.test(text))
    return refused(
      `The file is not JSON: it is cut off at byte ${bytes}.`,
      'Write it once more, and hand in all of it.',
    );
  if (/^\s*(?:#|\/\/|terraform\s*\{|provider\s+"|resource\s+"|module\s+"|variable\s+")/.test(text))
    return refused('The file is a configuration, and no state.', toPlanJson);
  const at = place === undefined ? '' : ` from byte ${Buffer.byteLength(text.slice(0, Number(place)))} on`;
  return refused(
    `The file is not JSON${at}.`,
    'Hand in a state, or what `show -json` says of a state or of a saved plan.',
  );
}
