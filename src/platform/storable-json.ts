/**
 * JSON as PostgreSQL takes it: a NUL or half a surrogate pair in a name, which it cannot store, is
 * replaced by U+FFFD, so that one strange name does not stop all that is read with it.
 */
export function toStorableJson(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON.stringify escapes a surrogate only where it stands alone.
  return json.includes('\\u')
    ? json.replace(/\\(?:\\|u(?:0000|d[89a-f][0-9a-f]{2}))/g, (escape) => (escape === '\\\\' ? escape : '\\ufffd'))
    : json;
}
