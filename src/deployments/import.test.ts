import { describe, expect, test } from 'vitest';
import { parseCustomerFile } from './customer-file.ts';
import { describeProblem } from './customer-rows.ts';

const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at';
const good = 'c-1,Acme Ltd,EUR,acme,Acme,2026-05-01';

async function problemsOf(...lines: string[]): Promise<string[]> {
  const { problems } = await parseCustomerFile(lines.join('\n'));
  return problems.map(describeProblem);
}

test('a header may be in capitals, and rows that spreadsheets leave empty at the end are none', async () => {
  const { rows, problems } = await parseCustomerFile(`${header.toUpperCase()}\n${good}\n,,,,,\n\n,,,,,\n`);
  expect(problems).toEqual([]);
  expect(rows).toMatchObject([{ line: 2, slug: 'acme', customer: { name: 'Acme Ltd', currency: 'EUR' } }]);
});

test.each([
  [';', 'semicolons'],
  ['\t', 'tabs'],
])('columns separated by %j are named', async (separator, name) => {
  expect(await problemsOf(header.replaceAll(',', separator), good.replaceAll(',', separator))).toEqual([
    `line 1: separates columns by ${name}; this import reads commas`,
  ]);
});

describe('a cell', () => {
  const withCell = (column: number, text: string) =>
    problemsOf(
      header,
      good
        .split(',')
        .map((cell, index) => (index === column ? text : cell))
        .join(','),
    );

  test.each([
    ['a currency that does not exist', 2, 'XYZ', 'currency: "XYZ" is no currency of ISO 4217 such as USD'],
    ['a coin', 2, 'BTC', 'currency: "BTC" is no currency of ISO 4217 such as USD'],
    ['a zero-width space in an id', 0, 'c\u200b1', 'is not 1 to 200 visible characters without blanks'],
    ['a zero-width space in a name', 1, 'Ac\u200bme', 'holds invisible characters'],
    ['a NUL', 1, 'Ac\u0000me', 'holds control characters'],
    ['a name of 100,000 characters', 1, 'x'.repeat(100_000), 'is longer than 200 characters'],
    ['a sign for what could not be read', 1, 'M\ufffdller', 'the sign for unreadable ones'],
    ['what is built in', 3, 'unattributed', 'is built in: what is unassigned'],
  ])('with %s is refused', async (_, column, text, reason) => {
    const problems = await withCell(column, text);
    expect(problems).toEqual([expect.stringContaining(reason)]);
    expect(problems[0]).toMatch(/^line 2, /);
    expect(problems[0]?.length).toBeLessThan(200);
  });
});
