// Files that are handed out to be handed in again: values of JSON are values of YAML, and what has a line of its own is
// read and compared more easily.

/** An object as one line: `{ name: "acme-*", deployment: "acme" }`. What is undefined is left out. */
function flowText(value: object): string {
  const parts = Object.entries(value).flatMap(([key, of]) =>
    of === undefined ? [] : [`${key}: ${JSON.stringify(of)}`],
  );
  return `{ ${parts.join(', ')} }`;
}

/** `rules:` with a line for each item. */
export function listText(name: string, items: readonly object[]): string {
  return items.length === 0 ? `${name}: []\n` : `${name}:\n${items.map((item) => `  - ${flowText(item)}\n`).join('')}`;
}
