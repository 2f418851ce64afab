import { z } from 'zod';
import type { Queryable } from '../../platform/database/database.ts';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { day, dayOut, decimalOut, id, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { billStateMeaning, billStates } from '../bill-state.store.ts';
import { reconcileBillsJob } from '../jobs.ts';
import { getPayer, listPayers } from '../payers.ts';
import { getReconciliation } from '../reconciliation/review.ts';
import * as shown from '../reconciliation/shown.store.ts';

const tag = 'provider billing';
const payer = slug.meta({ description: 'Who receives the bills', examples: ['acme'] });
const params = z.object({ bill: id });
const outcome = z.enum(['matched', 'from_bill', 'allocated', 'unexplained']).meta({
  description:
    'matched: to a resource; from_bill: to one that only the bill knows; allocated: by a rule; unexplained: by nothing',
});
const cause = z.string().meta({
  description:
    'Why the amount differs: rounding, discount, price, hours, cap, minimum, other_rule, doubled, outside_life, not_visible, refund, unpriced, unknown, missing; none: it does not',
  examples: ['hours'],
});
const figures = {
  amount: decimalOut.meta({ description: "The header's" }),
  expected: decimalOut.meta({ description: 'By the history of resources, the price book and the billing rules' }),
  allocated: decimalOut,
  unexplained: decimalOut,
  residual: decimalOut.meta({ description: 'By how much the header differs from the sum of the lines' }),
};

export const bridge = z
  .object({
    bill: id,
    payer,
    month: dayOut,
    kind: z.enum(['final', 'preview']),
    version: z.int(),
    currency: z.string(),
    ...figures,
    differences: z
      .array(z.object({ cause, lines: z.int(), amount: decimalOut }))
      .meta({ description: 'amount = expected + these + allocated + unexplained + residual, to the cent' }),
    lines: z
      .array(z.object({ outcome, lines: z.int(), amount: decimalOut }))
      .meta({ description: 'How many lines have which outcome, and what they come to' }),
    missing: z.int().meta({ description: 'Charges that should be on it and are not' }),
    madeAt: instantOut,
    signed: z
      .object({ at: instantOut, by: z.string(), reason: z.string().nullable() })
      .nullable()
      .meta({ description: 'null: it is open' }),
    changedSince: z
      .object({ ...figures, differences: decimalOut, moved: decimalOut, madeAt: instantOut })
      .nullable()
      .meta({
        description:
          'What the bill comes to by what became known after it was signed; moved: by how much others would bear it otherwise. null: nothing has changed',
      }),
  })
  .meta({ id: 'BillBridge', description: 'How the amount of a bill comes about' });

export const getBillBridge = declareOperation({
  method: 'GET',
  path: '/bills/:bill/bridge',
  name: 'bill bridge',
  operationId: 'getBillBridge',
  tag,
  summary: 'How the amount of a bill comes about: what was expected, and what differs by which cause',
  description: 'Figures that were signed stand; what has changed since stands beside them.',
  roles,
  params,
  response: bridge,
  run: ({ db, params: { bill } }) => readBridge(db, bill),
});

/** Errors: not_found, also where the bill has not been reconciled. */
export async function readBridge(db: Queryable, bill: number): Promise<z.input<typeof bridge>> {
  const { counts, since } = await getReconciliation(db, bill);
  const { reconciliationId, signedAt, signedBy, signedReason } = counts;
  const differences = await shown.selectDifferences(db, reconciliationId);
  const lines = await shown.selectOutcomeCounts(db, reconciliationId);
  const moved = since === null ? '0' : await shown.selectMoved(db, reconciliationId, since.reconciliationId);
  return {
    ...counts,
    bill,
    differences,
    lines,
    missing: await shown.selectMissingCount(db, reconciliationId),
    signed: signedAt === null ? null : { at: signedAt, by: signedBy ?? '', reason: signedReason },
    changedSince: since === null ? null : { ...since, moved },
  };
}

const lineRow = z
  .object({
    position: z.int(),
    product: z.string().nullable(),
    description: z.string().nullable(),
    amount: decimalOut,
    startTime: instantOut.nullable(),
    endTime: instantOut.nullable(),
    outcome,
    rule: z.string().meta({
      description:
        'By what: uuid, id, address, name, account, before_connection, between_syncs, not_yet_synced, not_visible, decision, or how it is allocated; of what is unexplained, why: never_seen, unknown_product',
      examples: ['uuid'],
    }),
    resource: id.nullable(),
    resourceKind: z.string().nullable(),
    externalId: z.string().nullable(),
    expected: decimalOut
      .nullable()
      .meta({ description: 'null: nobody says what it costs, or it is not about a resource' }),
    difference: decimalOut,
    cause,
    from: instantOut.nullable().meta({ description: 'Our interval, beside startTime and endTime' }),
    to: instantOut.nullable(),
    beginsAfter: instantOut.nullable().meta({
      description:
        'Where only listings saw our beginning: the complete listing before it; `beginsBy` is the one that showed it. null: the moment is known',
    }),
    beginsBy: instantOut.nullable(),
    endsAfter: instantOut.nullable().meta({ description: 'The same of our end' }),
    endsBy: instantOut.nullable(),
    subject: z
      .string()
      .nullable()
      .meta({ description: 'What has the price that was used', examples: ['volume'] }),
    monthly: decimalOut.nullable().meta({ description: "That price: a month's, of one unit" }),
    units: decimalOut.nullable(),
    variants: z
      .record(z.string(), z.array(z.string()))
      .meta({ description: 'Of billing rules whose variants differ here, those that explain the amount to the cent' }),
    remarks: z
      .array(z.string())
      .meta({ description: 'What differs besides money: no_id, wrong_id, unknown_product', examples: [['no_id']] }),
    accepted: z.boolean().meta({ description: 'Whether somebody has accepted its difference' }),
  })
  .meta({ id: 'ReconciledLine' });

export const listReconciledLines = declareList({
  path: '/bills/:bill/lines',
  name: 'bill lines',
  operationId: 'listReconciledLines',
  tag,
  summary: 'The lines of a bill with what they came to: which resource, what was expected, why it differs',
  roles,
  params,
  query: z.object({
    outcome: outcome.optional(),
    cause: line.optional().meta({ examples: ['hours'] }),
    product: line.optional().meta({ examples: ['Droplets'] }),
    resource: id.optional(),
  }),
  row: lineRow,
  search: { in: 'their texts or ids' },
  sort: { none: "the bill's own order" },
  total: { none: 'bill bridge counts them by outcome and cause' },
  async run({ db, params: { bill }, query }, { limit, cursor, q }) {
    const { counts } = await getReconciliation(db, bill);
    const filters = { ...query, search: q ?? undefined, limit: limit + 1, after: cursor === null ? 0 : Number(cursor) };
    const rows = await shown.selectReconciledLines(db, counts.reconciliationId, filters);
    return pageOf(await toLines(db, rows), limit, ({ position }) => String(position));
  },
});

/** With the brackets of their boundaries. */
async function toLines(db: Queryable, rows: readonly shown.ReconciledLineRow[]): Promise<z.input<typeof lineRow>[]> {
  const brackets = new Map(
    (
      await shown.selectBrackets(
        db,
        rows.map((row, place) => ({ ...row, place })),
      )
    ).map((each) => [each.place, each]),
  );
  return rows.map((row, place) => {
    const variants: Record<string, string[]> = {};
    for (const [rule, named] of Object.entries(row.variants)) variants[rule] = [...named];
    const { beginsAfter = null, beginsBy = null, endsAfter = null, endsBy = null } = brackets.get(place) ?? {};
    return { ...row, variants, remarks: [...row.remarks], beginsAfter, beginsBy, endsAfter, endsBy };
  });
}

export const explainBillLine = declareOperation({
  method: 'GET',
  path: '/bills/:bill/lines/:position',
  name: 'bill explain',
  operationId: 'explainBillLine',
  tag,
  summary: 'One line of a bill: the resource, both intervals, the price that was used, and who bears it',
  roles,
  params: z.object({ bill: id, position: z.int().min(1) }),
  response: z
    .object({
      ...lineRow.shape,
      currency: z.string(),
      signed: z.boolean().meta({ description: 'Whether the bill is signed: its lines are assigned no more' }),
      shares: z
        .array(
          z.object({
            target: z
              .enum(['deployment', 'operator', 'not_cost'])
              .meta({ description: 'operator: ours; not_cost: given back, such as a tax that is reclaimed' }),
            deployment: slug.nullable(),
            amount: decimalOut,
          }),
        )
        .meta({ description: 'Who bears it; they add up to the amount' }),
    })
    .meta({ id: 'ReconciledLineDetails' }),
  async run({ db, params: { bill, position } }) {
    const { counts } = await getReconciliation(db, bill);
    const [row] = await shown.selectReconciledLines(db, counts.reconciliationId, { position, limit: 1, after: 0 });
    if (row === undefined) throw notFound(`line of bill ${bill}`, String(position));
    const [explained] = await toLines(db, [row]);
    if (explained === undefined) throw new RangeError('a line that is not shown');
    const shares = await shown.selectShares(db, counts.reconciliationId, position);
    return { ...explained, currency: counts.currency, signed: counts.signedAt !== null, shares };
  },
});

export const listMissingCharges = declareList({
  path: '/bills/:bill/missing',
  name: 'bill missing',
  operationId: 'listMissingCharges',
  tag,
  summary: "What should have been charged in the bill's month and is on no line",
  roles,
  params,
  row: z
    .object({
      ordinal: z.int(),
      resource: id.nullable(),
      resourceKind: z.string().nullable(),
      externalId: z.string().nullable(),
      class: z.string().meta({ description: 'How it is charged', examples: ['droplet'] }),
      subject: z
        .string()
        .nullable()
        .meta({ description: 'What has the price', examples: ['droplet_size:s-1vcpu-1gb'] }),
      from: instantOut,
      to: instantOut,
      expected: decimalOut.nullable().meta({ description: 'null: nobody says what it costs' }),
    })
    .meta({ id: 'MissingCharge' }),
  search: { none: 'a sound month has none' },
  sort: { none: 'by resource' },
  total: { none: 'bill bridge counts them' },
  async run({ db, params: { bill } }, { limit, cursor }) {
    const { counts } = await getReconciliation(db, bill);
    const page = { limit: limit + 1, after: cursor === null ? 0 : Number(cursor) };
    return pageOf(await shown.selectMissing(db, counts.reconciliationId, page), limit, ({ ordinal }) =>
      String(ordinal),
    );
  },
});

const findingKey = z.tuple([z.string(), z.int()]);

export const listBillFindings = declareList({
  path: '/bills/:bill/findings',
  name: 'bill findings',
  operationId: 'listBillFindings',
  tag,
  summary: 'A bill against what was used: what is charged and does nothing, and what nobody pays for',
  roles,
  params,
  row: z
    .object({
      finding: z
        .enum([
          'off_yet_billed',
          'unattached_volume',
          'unassigned_address',
          'unowned',
          'no_plan_item',
          'lived_between_syncs',
          'not_visible',
          'covered_by_cluster',
          'not_charged',
          'beside_signed',
        ])
        .meta({
          description:
            'unowned: no deployment owns it; no_plan_item: the plan of its deployment has no price for it and does not pass it on; lived_between_syncs: no listing saw it; not_visible: no listing shows its kind; covered_by_cluster: its cluster is charged instead; beside_signed: a signed bill of the month that the provider lists no more counts too, and this one may have taken its place',
        }),
      position: z.int().nullable().meta({ description: 'The line; null: there is none' }),
      resource: id.nullable(),
      resourceKind: z.string().nullable(),
      externalId: z.string().nullable(),
      name: z.string().nullable(),
      amount: decimalOut,
      hours: decimalOut.nullable().meta({ description: 'For how long it was so, where that is what was found' }),
    })
    .meta({ id: 'BillFinding' }),
  search: { none: 'the lines of a bill are searched' },
  sort: { none: 'by what was found' },
  total: { none: 'each is looked for in the history of its resource' },
  async run({ db, params: { bill } }, { limit, cursor }) {
    const { counts } = await getReconciliation(db, bill);
    const key = cursor === null ? null : findingKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { finding: key[0], place: key[1] };
    const rows = await shown.selectFindings(db, counts.reconciliationId, { limit: limit + 1, after });
    const page = pageOf(rows, limit, ({ finding, place }) => JSON.stringify([finding, place]));
    return { ...page, items: page.items.map(({ place, ...row }) => row as FindingOut) };
  },
});

type FindingOut = Omit<shown.FindingRow, 'finding'> & { readonly finding: 'unowned' };

export const reconcileBills = declareOperation({
  method: 'POST',
  path: '/bills/reconcile',
  name: 'bill reconcile',
  operationId: 'reconcileBills',
  tag,
  summary: 'Reconcile bills now with the history of resources, the price book and the billing rules',
  description:
    'By jobs. It also happens by itself, after bills were read and daily. Where nothing that a month rests on has changed, nothing is done.',
  roles,
  command: { positional: ['payer'] },
  body: z.strictObject({
    payer: payer.optional().meta({ description: 'Every payer unless given' }),
    month: month.optional().meta({ description: 'Every month unless given' }),
  }),
  response: z.object({ payers: z.array(payer) }),
  status: 202,
  followedBy: [reconcileBillsJob],
  async run({ db, body, follow }) {
    return db.transaction().execute(async (trx) => {
      const payers = body.payer === undefined ? await listPayers(trx) : [await getPayer(trx, body.payer)];
      if (payers.length === 0)
        throw new ArcadiaError('not_found', 'No bill has been read.', { next: { operation: 'bill sync' } });
      const of = body.month === undefined ? {} : { month: body.month.toString() };
      for (const { slug: name } of payers) await follow(trx, reconcileBillsJob, { payer: name, ...of });
      return { payers: payers.map(({ slug: name }) => name) };
    });
  },
});

const costKey = z.tuple([z.iso.date().transform((text) => Temporal.PlainDate.from(text)), z.string()]);

export const listProviderCosts = declareList({
  path: '/provider-costs',
  name: 'bill costs',
  operationId: 'listProviderCosts',
  tag,
  summary: 'What the provider charged for each deployment, month by month',
  description:
    'Of each month the figures that were signed, else those of the final bills, else those of the preview. What is unassigned is the deployment "unattributed".',
  roles,
  query: z.object({
    from: day.meta({ description: 'Months that begin on this UTC day or later' }),
    to: day
      .optional()
      .meta({ description: 'Months that begin before this UTC day; a month after `from` unless given' }),
  }),
  row: z
    .object({
      month: dayOut,
      target: z.enum(['deployment', 'operator', 'not_cost']),
      deployment: slug.nullable(),
      customer: z.string().nullable(),
      currency: z.string(),
      amount: decimalOut,
      fromBill: decimalOut.meta({
        description: 'Of it, what is known from bills alone: of before the connection, or of what no listing showed',
      }),
      state: z.enum(billStates).meta({ description: billStateMeaning }),
    })
    .meta({ id: 'ProviderCost' }),
  search: { none: 'deployments are searched' },
  sort: { none: 'by month, then by deployment' },
  total: { none: 'they are summed up from lines' },
  async run({ db, query: { from, to = from.add({ months: 1 }) } }, { limit, cursor }) {
    const key = cursor === null ? null : costKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { month: key[0], key: key[1] };
    const rows = await shown.selectCosts(db, { from, to, limit: limit + 1, after });
    const page = pageOf(rows, limit, (last) => JSON.stringify([last.month, last.key]));
    return { ...page, items: page.items.map(({ key: _, ...row }) => row) };
  },
});

const resourceKey = z.tuple([z.string(), z.string(), z.string()]);

export const listBillResources = declareList({
  path: '/bill-resources',
  name: 'bill resources',
  operationId: 'listBillResources',
  tag,
  summary: 'What only bills know: destroyed before the account was connected, or never listed',
  description:
    'Its cost is borne by whom an allocation rule names, by product, description, project or id; nothing of it is metered.',
  roles,
  query: z.object({ payer: payer.optional(), kind: line.optional().meta({ examples: ['droplet'] }) }),
  row: z
    .object({
      payer,
      kind: z.string().meta({ description: 'The kind of resource, or the product where that is not known' }),
      externalId: z.string().nullable(),
      name: z.string().nullable().meta({ description: 'As the latest line describes it' }),
      from: instantOut.meta({ description: 'The first that bills say of it' }),
      to: instantOut.meta({ description: 'The end of the last line' }),
      months: z.int(),
      lines: z.int(),
      amount: decimalOut,
      currency: z.string(),
    })
    .meta({ id: 'BillResource' }),
  search: { none: 'the lines of a bill are searched' },
  sort: { none: 'by payer, kind and id' },
  total: { none: 'they are gathered from lines' },
  async run({ db, query }, { limit, cursor }) {
    const key = cursor === null ? null : resourceKey.parse(JSON.parse(cursor));
    const rows = await shown.selectBillResources(db, { ...query, limit: limit + 1, after: key });
    const page = pageOf(rows, limit, (last) => JSON.stringify([last.payer, last.kind, last.key]));
    return { ...page, items: page.items.map(({ key: _, ...row }) => row) };
  },
});

export const reconciliationOperations: readonly Operation[] = [
  listBillResources,
  getBillBridge,
  listReconciledLines,
  explainBillLine,
  listMissingCharges,
  listBillFindings,
  reconcileBills,
  listProviderCosts,
];
