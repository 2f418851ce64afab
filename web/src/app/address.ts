// The address is the state of the page: plain words, a name once for each value of a list.

export type Search = Readonly<Record<string, string | readonly string[] | undefined>>;

export function parseSearch(text: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const there = found[name];
    if (there === undefined) found[name] = value;
    else found[name] = [...[there].flat(), value];
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    for (const each of [value].flat()) if (typeof each === 'string' && each !== '') text.append(name, each);
  // They are of no meaning in a query, and kept readable.
  const plain = text.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
  return plain === '' ? '' : `?${plain}`;
}

/** What every view's address may have beside its own. */
export interface CommonSearch {
  /** The month, `2026-06`; the present one unless given. */
  readonly m?: string;
  /** The proof that is open. */
  readonly why?: string;
}

export function commonSearch(search: Record<string, unknown>): CommonSearch {
  const { m, why } = search;
  return {
    ...(typeof m === 'string' && /^2\d{3}-(0[1-9]|1[0-2])$/.test(m) ? { m } : {}),
    ...(typeof why === 'string' && /^[a-z]+:[\w.:/-]{1,300}$/.test(why) ? { why } : {}),
  };
}

/** Of a link: the month goes along, whatever else the address of the view before had. */
export function inPeriod<More extends object>(more: More): (before: CommonSearch) => More & { readonly m?: string } {
  return ({ m }) => ({ ...more, ...(m === undefined ? {} : { m }) });
}

/** The values of a list in the address. */
export function listOf(value: unknown): readonly string[] {
  return [value].flat().filter((each): each is string => typeof each === 'string' && each !== '');
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
