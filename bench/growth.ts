import type { Row } from './support.ts';

// How what a bench measures grows with the number of resources: between two sizes, time goes with the size to the power of
// an exponent. 1: as much more as there is more; 0: no more; 2: four times as much for twice as many.

export interface Run {
  readonly resources: number;
  readonly rows: readonly Row[];
}

interface Growth {
  /** As of a row, without the numbers that differ by size. */
  readonly name: string;
  readonly sizes: readonly number[];
  /** At each size, in ms, or in what the row says. */
  readonly measured: readonly number[];
  readonly ratios: readonly number[];
  /** From each size to the next. */
  readonly exponents: readonly number[];
  /** The same of its baseline. */
  readonly baselineExponents: readonly number[];
}

/** Throws RangeError where the runs have not the same rows, or are fewer than two. */
export function growthOf(runs: readonly Run[]): Growth[] {
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) throw new RangeError('growth is seen at two sizes or more');
  const sizes = runs.map(({ resources }) => resources);
  return first.rows.map((row, place) => {
    const name = nameOf(row, first.resources);
    const rows = runs.map((run) => {
      const same = run.rows[place];
      if (same === undefined || nameOf(same, run.resources) !== name)
        throw new RangeError(`not measured at every size: ${name}`);
      return same;
    });
    const exponents = (of: (row: Row) => number) =>
      rows.slice(1).map((each, at) => exponentOf(of(each) / of(rows[at]!), sizes[at + 1]! / sizes[at]!));
    return {
      name,
      sizes,
      measured: rows.map(({ ms }) => ms),
      ratios: rows.map(({ ratio }) => ratio),
      exponents: exponents(({ ms }) => ms),
      baselineExponents: exponents(({ baselineMs }) => baselineMs),
    };
  });
}

function exponentOf(more: number, larger: number): number {
  return Math.round((Math.log(more) / Math.log(larger)) * 100) / 100;
}

/** What counts the resources, or so many rows for each, is another number at another size. */
function nameOf({ name }: Row, resources: number): string {
  return name.replaceAll(/\d[\d,]*/g, (digits) =>
    Number(digits.replaceAll(',', '')) % resources === 0 ? 'N' : digits,
  );
}

export function describeGrowth({ name, sizes, measured, ratios, exponents, baselineExponents }: Growth): string {
  const count = (value: number) => value.toLocaleString('en');
  const lines = sizes.map((size, at) => {
    const grown = at === 0 ? '' : `, exponent ${exponents[at - 1]} (baseline ${baselineExponents[at - 1]})`;
    return `  ${count(size)}: ${count(measured[at]!)}, ratio ${ratios[at]}${grown}`;
  });
  return [name, ...lines].join('\n');
}
