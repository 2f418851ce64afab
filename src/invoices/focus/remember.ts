/**
 * The same function, which makes each answer once: for what an export asks thousands of times and is
 * slow to make, of few different things. It forgets all when it knows `limit` answers.
 */
export function remember<Key, Value>(limit: number, make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    if (known.size >= limit) known.clear();
    known.set(key, made);
    return made;
  };
}
