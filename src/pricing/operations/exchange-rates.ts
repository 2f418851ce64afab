import { z } from 'zod';
import { readCsvFile } from '../../platform/csv-file.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { currency, day, dayOut, decimalInput, decimalOut, instantOut, line } from '../../platform/declare/schemas.ts';
import { rateAgeDaysMax } from '../exchange-rate.ts';
import { importExchangeRates } from '../exchange-rate-file.ts';
import * as rates from '../exchange-rates.ts';
import { deciders } from './roles.ts';

const base = currency.meta({ description: 'The currency of which one unit is given', examples: ['USD'] });
const counter = currency.meta({ description: 'The currency that it is given in', examples: ['EUR'] });

const exchangeRate = z
  .object({
    base: z.string().meta({ examples: ['USD'] }),
    counter: z.string().meta({ examples: ['EUR'] }),
    day: dayOut,
    rate: decimalOut.meta({ description: '1 of the base currency in the counter currency' }),
    source: z.string().meta({ description: 'Who published it', examples: ['ECB'] }),
    recordedAt: instantOut,
    recordedBy: z.string(),
  })
  .meta({ id: 'ExchangeRate', description: 'What one unit of a currency is in another, for a day' });

export const listExchangeRates = declareList({
  path: '/exchange-rates',
  name: 'exchange-rate list',
  operationId: 'listExchangeRates',
  tag: 'exchange rates',
  summary: 'Exchange rates, the newest day first',
  description: 'Its CSV can be imported again and changes nothing.',
  roles: staff,
  query: z.object({ base: base.optional(), counter: counter.optional(), day: day.optional() }),
  row: exchangeRate,
  search: { in: 'the currencies and the source' },
  sort: { by: ['day', 'base', 'counter', 'recordedAt'], newestFirst: true },
  total: true,
  run: ({ db, query }, page) => rates.exchangeRatePage(db, query, page),
});

const which = z.object({ base, counter, day: day.meta({ description: 'The UTC day that it was published for' }) });

export const setExchangeRate = declareOperation({
  method: 'PUT',
  path: '/exchange-rates/:base/:counter/:day',
  name: 'exchange-rate set',
  operationId: 'setExchangeRate',
  tag: 'exchange rates',
  summary: 'Enter what one unit of a currency is in another, for a day',
  description: `A day without a rate of its own has the newest before it, of the last ${rateAgeDaysMax} days. A rate is used in the
direction in which it was entered, never the other way round. Issued invoices keep their rate.`,
  command: { positional: ['base', 'counter', 'day', 'rate'] },
  roles: deciders,
  params: which,
  body: z.strictObject({
    rate: decimalInput.meta({ description: '1 of the base currency in the counter currency', examples: ['0.915'] }),
    source: line.meta({ description: 'Who published it', examples: ['ECB'] }),
  }),
  response: z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) }),
  run: ({ db, params, body, principal, now }) =>
    rates.setExchangeRate(db, { ...params, ...body }, principal.subject, now),
});

export const removeExchangeRate = declareOperation({
  method: 'DELETE',
  path: '/exchange-rates/:base/:counter/:day',
  name: 'exchange-rate remove',
  operationId: 'removeExchangeRate',
  tag: 'exchange rates',
  summary: 'Remove the rate of a day; issued invoices keep it',
  roles: deciders,
  params: which,
  run: ({ db, params: { day: of, ...pair }, principal, now }) =>
    rates.removeExchangeRate(db, pair, of, principal.subject, now),
});

export const importExchangeRatesOperation = declareOperation({
  method: 'POST',
  path: '/exchange-rates/import',
  name: 'exchange-rate import',
  operationId: 'importExchangeRates',
  tag: 'exchange rates',
  summary: 'Exchange rates from a CSV file, all or nothing',
  description: `The columns are base, counter, day, rate and source, as in the CSV of the list. Rates that the file does not have
stay.`,
  roles: deciders,
  query: z.object({ dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name each bad row' }) }),
  consumes: 'text/csv',
  body: z
    .string()
    .min(1)
    .max(4_194_304)
    .meta({
      contentMediaType: 'text/csv',
      examples: ['base,counter,day,rate,source\nUSD,EUR,2026-05-29,0.915,ECB\n'],
    }),
  response: z.object({
    written: z.boolean(),
    changed: z.int(),
    unchanged: z.int(),
    problems: z.array(z.object({ line: z.int(), column: z.string().nullable(), reason: z.string() })).readonly(),
  }),
  // A dry run rolls back a transaction of its own.
  async prepare({ db, query: { dryRun }, body, principal, now, signal }) {
    const file = await readCsvFile(body, signal);
    const tried = dryRun ? await importExchangeRates(db, file, { dryRun, by: principal.subject, now }) : null;
    return { file, tried };
  },
  run: async ({ db, principal, now }, { file, tried }) =>
    tried ?? importExchangeRates(db, file, { dryRun: false, by: principal.subject, now }),
});

export const exchangeRateOperations: readonly Operation[] = [
  listExchangeRates,
  importExchangeRatesOperation,
  setExchangeRate,
  removeExchangeRate,
];
