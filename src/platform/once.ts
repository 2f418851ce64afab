/**
 * What is made when it is first asked for, and kept. For constants of Temporal, Intl or native code: commands start from
 * a snapshot of the loaded program (`bin/snapshot.mjs`), where none of these can be.
 */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
