import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { csvLine } from '../platform/csv.ts';
import { readCsvFile } from '../platform/csv-file.ts';
import { importExchangeRates } from './exchange-rate-file.ts';
import { exchangeRatePage, findExchangeRates, removeExchangeRate, setExchangeRate } from './exchange-rates.ts';

const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const day = (text: string) => Temporal.PlainDate.from(text);
const usd = { base: 'USD', counter: 'EUR' };

let test: TestDatabase;
beforeEach(async () => {
  test = await openTestDatabase();
});
afterEach(() => test.close());

const enter = (on: string, rate: string, pair = usd) =>
  setExchangeRate(test.db, { ...pair, day: day(on), rate, source: 'ECB' }, 'ann', now);
const rateOn = async (on: string, pair = usd) =>
  (await findExchangeRates(test.db, [{ ...pair, on: day(on) }]))[0]?.rate;
const page = { sort: 'day', order: 'desc', cursor: null, limit: 100, q: null } as const;
const listed = async () => (await exchangeRatePage(test.db, {}, page)).items;
const imported = async (csv: string, dryRun = false) =>
  importExchangeRates(test.db, await readCsvFile(csv), { dryRun, by: 'ann', now });

it('a day has the newest rate that is not after it, a week old at most, in the direction that was entered', async () => {
  await enter('2026-05-22', '0.9');
  await enter('2026-05-29', '0.91500');
  expect(await rateOn('2026-05-28')).toBe('0.9');
  expect(await rateOn('2026-05-31')).toBe('0.915');
  expect(await rateOn('2026-06-05')).toBe('0.915');
  expect(await rateOn('2026-06-06')).toBeUndefined();
  expect(await rateOn('2026-05-21')).toBeUndefined();
  expect(await rateOn('2026-05-29', { base: 'EUR', counter: 'USD' })).toBeUndefined();
  const both = await findExchangeRates(test.db, [
    { base: 'GBP', counter: 'EUR', on: day('2026-05-31') },
    { ...usd, on: day('2026-05-31') },
  ]);
  expect(both).toEqual([undefined, { ...usd, day: day('2026-05-29'), rate: '0.915', source: 'ECB' }]);
});

it('a rate is replaced and removed, and what was believed before stays', async () => {
  expect(await enter('2026-05-29', '0.9')).toEqual({ changed: true });
  expect(await enter('2026-05-29', '0.90')).toEqual({ changed: false });
  expect(await enter('2026-05-29', '0.915')).toEqual({ changed: true });
  await removeExchangeRate(test.db, usd, day('2026-05-29'), 'ann', now);
  expect(await rateOn('2026-05-29')).toBeUndefined();
  await expect(removeExchangeRate(test.db, usd, day('2026-05-29'), 'ann', now)).rejects.toMatchObject({
    code: 'not_found',
  });
  const { rows } = await sql<{ rate: string }>`
    SELECT trim_scale(rate)::text AS rate FROM exchange_rates ORDER BY exchange_rate_id`.execute(test.db);
  expect(rows).toEqual([{ rate: '0.9' }, { rate: '0.915' }]);
  for (const rate of ['0', '-1']) {
    await expect(enter('2026-05-29', rate)).rejects.toMatchObject({ code: 'invalid_argument' });
  }
  await expect(enter('2026-05-29', '1', { base: 'EUR', counter: 'EUR' })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});

it('what is listed and imported again changes nothing; a dry run writes nothing', async () => {
  await enter('2026-05-28', '0.9');
  await enter('2026-05-29', '0.00000000000000000915', { base: 'IDR', counter: 'EUR' });
  const before = await listed();
  const columns = ['base', 'counter', 'day', 'rate', 'source', 'recordedAt', 'recordedBy'] as const;
  const csv = [columns, ...before.map((row) => columns.map((name) => String(row[name])))].map(csvLine).join('');
  expect(await imported(csv)).toEqual({ written: true, changed: 0, unchanged: 2, problems: [] });
  expect(await listed()).toEqual(before);
  const more = `${csv}USD,EUR,2026-05-29,0.915,ECB,,\r\n`;
  expect(await imported(more, true)).toEqual({ written: false, changed: 1, unchanged: 2, problems: [] });
  expect(await listed()).toEqual(before);
  expect(await imported(more)).toMatchObject({ written: true, changed: 1, unchanged: 2 });
  expect(await rateOn('2026-05-29')).toBe('0.915');
});

it('each bad row is named, and nothing of the file is written', async () => {
  const csv =
    'base,counter,day,rate,source\nUSD,EUR,2026-05-29,0.9,ECB\nUSD,EUR,2026-05-29,0.8,ECB\nUSD,EUR,2026-05-30,much,ECB\nUSD,USD,2026-05-30,1,ECB\n';
  const { problems } = await imported(csv, true);
  expect(problems.map(({ line, column }) => [line, column])).toEqual([
    [3, null],
    [4, 'rate'],
    [5, null],
  ]);
  await expect(imported(csv)).rejects.toMatchObject({ code: 'invalid_argument' });
  await expect(imported('base,counter,day,rate\n')).rejects.toThrow('the column source is missing');
  expect(await listed()).toEqual([]);
});
