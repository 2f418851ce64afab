import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareList,
  declareOperation,
  moneyRoles,
  staff,
  type Operation,
  type Role,
} from '../../platform/declare/operation.ts';
import { currency, day, dayOut, decimalOut, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import * as prices from '../prices.ts';

const subject = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$/, {
    error: 'is not a subject such as volume or droplet_size:s-1vcpu-1gb',
  })
  .meta({ description: 'What has the price', examples: ['droplet_size:s-1vcpu-1gb'] });

const statement = {
  source: z
    .enum(['operator', 'api', 'published'])
    .meta({ description: "operator: an own price; api: the provider's API; published: shipped with the program" }),
  currency: z.string().meta({ examples: ['USD'] }),
  amount: decimalOut.meta({ description: 'Of one unit', examples: ['6'] }),
  unit: z.string().meta({ examples: ['month'] }),
  hourly: decimalOut
    .nullable()
    .meta({ description: 'What an hour costs, where the provider says so itself', examples: ['0.00893'] }),
  certainty: z.enum(['official', 'reported', 'inferred']).nullable().meta({ description: 'null: an operator says so' }),
  evidence: z.string().meta({ description: 'What it rests on' }),
  evidenceDay: dayOut.meta({ description: 'When that was read or entered' }),
  account: slug.nullable().meta({ description: 'The account that the price is of; null: all accounts' }),
  lastSeenAt: instantOut
    .nullable()
    .meta({ description: 'Of the API: the newest listing that showed it at this price' }),
};

const account = slug.optional().meta({ description: 'What this account is charged' });

/** An own price tells what was negotiated. */
const seesOwn = (role: Role): boolean => moneyRoles.includes(role);
const whoSeesOwn =
  'Own prices are shown to the roles owner and finance. Others see the list price, of the source api or published, and nothing of what has an own price alone.';

const price = z
  .object({
    subject,
    ...statement,
    since: dayOut.meta({ description: 'The first day on which this applies' }),
    old: z.boolean().meta({ description: "A size that the provider's newest listing does not show: its last price" }),
  })
  .meta({ id: 'ProviderPrice', description: 'What the provider charges for one thing on a day' });

export const listPrices = declareList({
  path: '/prices',
  name: 'price list',
  operationId: 'listPrices',
  tag: 'prices',
  summary: 'What the provider charges on a day, by subject',
  description: `An operator's own price is used before the provider's API's, and that before the published one. With an account, its own prices come first. What has no price on that day is left out. ${whoSeesOwn}`,
  roles: staff,
  query: z.object({
    subject: subject.optional(),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/)
      .optional()
      .meta({ description: 'Subjects of this kind: what stands before the colon', examples: ['droplet_size'] }),
    account,
    at: day.optional().meta({ description: 'On this UTC day; today unless given' }),
  }),
  row: price,
  search: { in: 'the subject' },
  sort: { none: 'by subject' },
  total: true,
  async run({ db, query, principal, now }, page) {
    const { at = dayOf(now), ...filter } = query;
    const asked = { ...filter, own: seesOwn(principal.role) };
    return pageOfAll(await prices.listProviderPrices(db, at, asked), page, (row) => [row.subject], {
      texts: ({ subject: of }) => [of],
    });
  },
});

const priceHistory = z
  .object({
    subject,
    price: price.nullable().meta({ description: 'Today; null: not known' }),
    history: z
      .array(
        z.object({
          ...statement,
          from: dayOut,
          to: dayOut.nullable().meta({ description: 'The first day on which it does not hold; null: still so' }),
          listed: z.boolean().meta({ description: 'false: a size that was not listed any more' }),
          recordedAt: instantOut.nullable().meta({ description: 'When we knew; null: shipped with the program' }),
          recordedBy: z.string().nullable(),
        }),
      )
      .meta({ description: 'By source, the newest first' }),
  })
  .meta({ id: 'ProviderPriceHistory', description: 'All that is known of what the provider charges for one thing' });

const params = z.object({ subject });

export const getPrice = declareOperation({
  method: 'GET',
  path: '/prices/:subject',
  name: 'price show',
  operationId: 'getPrice',
  tag: 'prices',
  summary: 'What the provider charges for one thing, over time and with its evidence',
  description: whoSeesOwn,
  roles: staff,
  params,
  query: z.object({ account }),
  response: priceHistory,
  run: ({ db, params: { subject: of }, query, principal, now }) =>
    historyOf(db, of, dayOf(now), { ...query, own: seesOwn(principal.role) }),
});

const from = day.meta({ description: 'The first UTC day on which it applies' });
const changed = z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) });

export const setPrice = declareOperation({
  method: 'PUT',
  path: '/prices/:subject',
  name: 'price set',
  operationId: 'setPrice',
  tag: 'prices',
  summary: 'Set your own price, such as a negotiated one, from a day on',
  description:
    "It comes before the provider's own until it is unset. Prices set for later days are replaced. Of one account, it comes before that of all.",
  roles: ['owner'],
  params,
  body: z.strictObject({
    from,
    account: slug.optional().meta({ description: 'Of this account alone; of all unless given', examples: ['acme'] }),
    amount: z
      .string()
      .regex(/^\d{1,12}(\.\d{1,9})?$/, { error: 'is not a decimal number of zero or more such as 4.80, in quotes' })
      .meta({ description: 'Of one unit', examples: ['4.80'] }),
    unit: line.optional().meta({ description: 'That of the price on the day unless given', examples: ['month'] }),
    currency: currency.optional().meta({ description: 'That of the price on the day, or USD, unless given' }),
    evidence: line.optional().meta({ description: 'What it rests on', examples: ['contract of 2026-02-01'] }),
  }),
  response: changed,
  run: ({ db, params: { subject: of }, body, principal, now }) =>
    prices.setOwnPrice(db, { subject: of, ...body }, principal.subject, now),
});

export const unsetPrice = declareOperation({
  method: 'DELETE',
  path: '/prices/:subject',
  name: 'price unset',
  operationId: 'unsetPrice',
  tag: 'prices',
  summary: 'End your own price, from a day on',
  description: 'What the provider says counts from that day on. Earlier days keep the own price.',
  roles: ['owner'],
  params,
  query: z.object({
    from,
    account: slug.optional().meta({ description: 'That of this account; that of all unless given' }),
  }),
  response: changed,
  run: ({ db, params: { subject: of }, query, principal, now }) =>
    prices.unsetOwnPrice(db, { subject: of, ...query }, principal.subject, now),
});

async function historyOf(
  db: Parameters<typeof prices.getProviderPrice>[0],
  of: string,
  today: Temporal.PlainDate,
  whose: prices.WhosePrices,
): Promise<z.input<typeof priceHistory>> {
  const { price: current, history } = await prices.getProviderPrice(db, of, today, whose);
  return { subject: of, price: current, history: [...history] };
}

function dayOf(instant: Temporal.Instant): Temporal.PlainDate {
  return instant.toZonedDateTimeISO('UTC').toPlainDate();
}

export const priceOperations: readonly Operation[] = [listPrices, getPrice, setPrice, unsetPrice];
