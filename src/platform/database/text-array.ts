const textOid = 25;
const headerLength = 20;
/** A code unit of UTF-16 has so many bytes at most in UTF-8. */
const bytesPerUnitMax = 3;

/**
 * Texts as PostgreSQL's binary form of a `text[]`, to be a parameter. Its textual form is written and read sign by sign, which
 * of many long texts takes as long as storing them does.
 */
export function textArray(texts: readonly (string | null)[]): Buffer {
  let most = headerLength;
  for (const text of texts) most += 4 + bytesPerUnitMax * (text?.length ?? 0);
  const array = Buffer.allocUnsafe(most);
  // One dimension, whether one is null, of which type, how many there are, and the place of the first.
  array.writeInt32BE(1, 0);
  array.writeInt32BE(texts.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(textOid, 8);
  array.writeInt32BE(texts.length, 12);
  array.writeInt32BE(1, 16);
  let at = headerLength;
  for (const text of texts) {
    const length = text === null ? -1 : array.write(text, at + 4);
    array.writeInt32BE(length, at);
    at += 4 + Math.max(length, 0);
  }
  return array.subarray(0, at);
}
