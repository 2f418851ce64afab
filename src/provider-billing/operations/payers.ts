import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { day, instantOut, slug } from '../../platform/declare/schemas.ts';
import * as payers from '../payers.ts';

const tag = 'provider billing';
const payer = slug.meta({ description: 'Who receives the bills', examples: ['acme'] });
const changed = z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) });

const payerRow = z
  .object({
    payer,
    provider: z.string().meta({ examples: ['digitalocean'] }),
    externalId: z.string().meta({ description: "The provider's id of the team with which it was first known" }),
    organizationId: z.string().nullable().meta({
      description: 'Of an organization, whose bills are about several teams; null: its bills are those of a team',
    }),
    currency: z.string(),
    accounts: z
      .array(
        z.object({
          account: slug,
          from: instantOut.nullable().meta({ description: 'null: ever since' }),
          to: instantOut.nullable().meta({ description: 'null: still so' }),
        }),
      )
      .meta({ description: 'The accounts that are on its bills, and when' }),
  })
  .meta({ id: 'BillPayer', description: "Who receives the provider's bills" });

export const listBillPayers = declareList({
  path: '/bill-payers',
  name: 'bill payer list',
  operationId: 'listBillPayers',
  tag,
  summary: "Who receives the provider's bills, and which accounts are on them",
  description: 'An account that nobody else pays for is its own payer, from the first reading on.',
  roles,
  row: payerRow,
  search: { none: 'there are few' },
  sort: { none: 'by name' },
  total: true,
  async run({ db }, page) {
    const rows = (await payers.listPayers(db)).map(({ slug: name, accounts, ...rest }) => ({
      payer: name,
      ...rest,
      accounts: [...accounts],
    }));
    return pageOfAll(rows, page, (row) => [row.payer]);
  },
});

export const coverAccount = declareOperation({
  method: 'PUT',
  path: '/bill-payers/:payer/accounts/:account',
  name: 'bill payer cover',
  operationId: 'coverAccount',
  tag,
  summary: "Say that an account is on a payer's bills, from a day on",
  description: 'What was said of later days gives way. Bills that were read stay as they are.',
  roles,
  params: z.object({ payer, account: slug }),
  body: z.strictObject({ from: day.meta({ description: 'The first UTC day on which it holds' }) }),
  response: changed,
  run: ({ db, params, body, principal, now }) =>
    db.transaction().execute(async (trx) => ({
      changed: await payers.coverAccount(trx, { ...params, ...body }, principal.subject, now),
    })),
});

export const setBillPayer = declareOperation({
  method: 'PATCH',
  path: '/bill-payers/:payer',
  name: 'bill payer set',
  operationId: 'setBillPayer',
  tag,
  summary: 'Say that a payer is an organization, or a team again',
  description: "Insights of an organization are about all of its teams; a team's are about itself.",
  roles,
  params: z.object({ payer }),
  body: z.strictObject({
    organizationId: z
      .string()
      .regex(/^[0-9a-zA-Z-]{1,64}$/, { error: "is no id of an organization: the provider's uuid of it" })
      .nullable()
      .meta({ description: "The provider's uuid of the organization; null: a team" }),
  }),
  response: changed,
  run: ({ db, params, body }) =>
    db
      .transaction()
      .execute(async (trx) => ({ changed: await payers.setOrganization(trx, params.payer, body.organizationId) })),
});

export const payerOperations: readonly Operation[] = [listBillPayers, coverAccount, setBillPayer];
