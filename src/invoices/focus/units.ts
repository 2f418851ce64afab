import { remember } from './remember.ts';

// FOCUS wants units in one form (its attribute UnitFormat): `Hours`, `GiB-Months`, `GB/Hour`.

/** Sizes of data: the same for one and for many, and written so and no other way. */
const dataSize = /^[KMGTPE]?i?[bB]$/;

/** A count of things that have no unit of their own. */
export const countUnit = 'Units';

/**
 * A unit as ours are written (`hour`, `GiB-month`, `node-hour`) or as a person wrote it on a line by
 * hand (`support hour`), in the form of FOCUS: base units capitalised, the last one in the plural.
 */
export function focusUnit(unit: string | null): string {
  return unit === null ? countUnit : inFocus(unit);
}

const inFocus = remember(1_000, (unit: string): string => {
  const words = unit.trim().replaceAll(/\s+/g, ' ');
  if (words === '') return countUnit;
  const [numerator = '', ...denominators] = words.split('/');
  const bases = numerator.split('-');
  const named = bases.map((base, index) => (index === bases.length - 1 ? plural(capital(base)) : capital(base)));
  return [named.join('-'), ...denominators.map(capital)].join('/');
});

function capital(words: string): string {
  return words
    .split(' ')
    .map((word) => (dataSize.test(word) ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ');
}

function plural(word: string): string {
  return dataSize.test(word) || /s$/i.test(word) ? word : `${word}s`;
}
