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

/** A document with a line for each of its fields, and for each item of those that are lists or maps of objects. */
export function documentText(document: object): string {
  return Object.entries(document)
    .map(([name, value]: [string, unknown]) => {
      const items = typeof value === 'object' && value !== null ? Object.values(value) : [];
      const isOfObjects = items.length > 0 && items.every((item) => typeof item === 'object' && item !== null);
      if (!isOfObjects) return `${name}: ${JSON.stringify(value)}\n`;
      if (Array.isArray(value)) return listText(name, value as object[]);
      const lines = Object.entries(value as Record<string, object>).map(
        ([key, item]) => `  ${key}: ${Array.isArray(item) ? JSON.stringify(item) : flowText(item)}\n`,
      );
      return `${name}:\n${lines.join('')}`;
    })
    .join('');
}
