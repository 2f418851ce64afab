import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from './support.ts';

// What the benches said last, in results.md: a table that people read, and that a run is held against.

/** A ratio that is so many times the kept one is worse. */
const worseFrom = 1.25;

export interface Kept {
  readonly name: string;
  readonly ratio: number;
  readonly aim: number | null;
  /** `2026-11-30` */
  readonly measuredOn: string;
}

const head = `# What the benches said last

Ratios of \`npm run bench -- --keep\` on two cores: what a thing takes, by what its baseline takes in the same run. A
later run that is a quarter worse says so.

`;

const line = /^\| (.+?) +\| +([\d.]+) \| +([\d.]+|–) \| (\d{4}-\d{2}-\d{2}) +\|$/;

/** Throws RangeError for a row of the table that is not one. */
export function parseResults(text: string): Kept[] {
  const rows = text.split('\n').filter((row) => row.startsWith('| ') && !/^\| (what|-+) /.test(row));
  return rows.map((row) => {
    const [, name, ratio, aim, measuredOn] = line.exec(row) ?? [];
    if (name === undefined || measuredOn === undefined) throw new RangeError(`not a row of results: ${row}`);
    return { name, ratio: Number(ratio), aim: aim === '–' ? null : Number(aim), measuredOn };
  });
}

/** In columns, as the formatter of the repository would have it. */
export function formatResults(kept: readonly Kept[]): string {
  const rows = [
    ['what', 'ratio', 'aim', 'measured on'],
    ...kept.map(({ name, ratio, aim, measuredOn }) => [name, String(ratio), String(aim ?? '–'), measuredOn]),
  ];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const isRight = (at: number) => at === 1 || at === 2;
  const cell = (text: string, at: number) =>
    isRight(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const rule = widths.map((width, at) => (isRight(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [top = [], ...others] = rows.map((row) => row.map(cell));
  return head + [top, rule, ...others].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

/** What was kept, with what was measured in its place: by name, in the order in which it was first kept. */
export function mergeResults(kept: readonly Kept[], rows: readonly Row[], measuredOn: string): Kept[] {
  const merged = new Map(kept.map((one) => [one.name, one]));
  for (const { name, ratio, aim } of rows) merged.set(name, { name, ratio, aim, measuredOn });
  return [...merged.values()];
}

/** What a row is beside what was kept of it, in words; null: nothing was kept, or it is no worse. */
export function compareToKept({ name, ratio }: Row, kept: readonly Kept[]): string | null {
  const before = kept.find((one) => one.name === name);
  if (before === undefined || ratio <= before.ratio * worseFrom) return null;
  return `worse by ${Math.round((ratio / before.ratio - 1) * 100)} %: it was ${before.ratio} on ${before.measuredOn}`;
}

const file = new URL('results.md', import.meta.url);

export function readResults(): Kept[] {
  return parseResults(readFileSync(file, 'utf8'));
}

export function keepResults(rows: readonly Row[], measuredOn: string): void {
  writeFileSync(file, formatResults(mergeResults(readResults(), rows, measuredOn)));
}
