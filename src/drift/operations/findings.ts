import { z } from 'zod';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { decimalOut, instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { declarationSchema } from '../declaration.ts';
import { checkDocument } from '../declarations.ts';
import { declarationMisplaced, declarationOfOtherState, driftBlind } from '../errors.ts';
import * as findings from '../findings.ts';
import { sweepDriftJob } from '../jobs.ts';
import { category, finding, findingAnswer, findingKey, findingState, severity } from './finding-out.ts';

const deciders = ['owner', 'operator'] as const;

const filters = z.object({
  deployment: slug.optional().meta({ description: 'unattributed: of none, or of several' }),
  account: slug.optional(),
  declaration: slug.optional(),
  kind: z.string().max(63).optional().meta({ description: 'A kind of resource' }),
  category: z.array(category).max(20).optional(),
  rule: z.string().max(63).optional(),
  severity: severity.optional().meta({ description: 'At or above it' }),
  state: z
    .array(findingState)
    .max(5)
    .default(['open', 'flapping', 'settling'])
    .meta({ description: 'open, flapping and settling unless given' }),
  parts: z.boolean().default(false).meta({ description: 'Those too that are parts of another' }),
});

const monthly = z.array(z.object({ currency: z.string(), amount: decimalOut })).readonly();

/** What a list says of all that it was asked for, besides the page. */
const figures = z.object({
  totals: z
    .object({
      findings: z.int().meta({ description: 'Neither parts of others nor settling ones are counted' }),
      settling: z.int().meta({ description: 'How many more are yet to settle: in none of the other figures' }),
      severe: z.int().meta({ description: 'How many are high or critical' }),
      monthly: monthly.meta({
        description: 'What they add to a month, parts too: at least so much where some are unpriced',
      }),
      unpriced: z.int().meta({ description: 'Of how many nobody knows what they cost' }),
    })
    .meta({ description: 'Of all that the filters let through, on whatever page' }),
  sweptAt: instantOut.nullable().meta({ description: 'When it was compared last; null: not yet' }),
});

const searched = { in: 'the name, the address, the field, the rule, the deployment and the id' };

export const listFindings = declareList({
  path: '/drift',
  name: 'drift list',
  operationId: 'listFindings',
  tag: 'drift',
  summary: 'What differs, the most severe first',
  roles: staff,
  query: filters,
  row: finding,
  extra: figures,
  search: searched,
  sort: { by: ['severity', 'monthly', 'sinceBefore', 'name'] },
  total: true,
  async run({ db, query, now }, page) {
    const sort = page.sort === 'sinceBefore' ? 'since' : page.sort;
    const { items, ...rest } = await findings.findingPage(db, { ...query, now }, { ...page, sort });
    const figured = await findings.findingFigures(db, { ...query, now, q: page.q });
    return { items: items.map(findingAnswer), ...rest, ...figured };
  },
});

const group = z.object({
  deployment: slug.nullable().meta({ description: 'null: of none, or of several' }),
  rule: z.string(),
  category,
  severity: severity.meta({ description: 'The greatest of them' }),
  findings: z.int().meta({ description: 'Parts of others are not counted' }),
  monthly: monthly.meta({
    description: 'Of those whose price is known, parts too: at least so much where some are unpriced',
  }),
  unpriced: z.int().meta({ description: 'Of how many nobody knows what they cost' }),
});

export const listFindingGroups = declareList({
  path: '/drift/groups',
  name: 'drift groups',
  operationId: 'listFindingGroups',
  tag: 'drift',
  summary: 'Findings by deployment and rule, with what they add to a month',
  roles: staff,
  query: filters.omit({ parts: true }),
  row: group,
  extra: figures,
  search: searched,
  sort: { none: 'the most severe first' },
  total: true,
  async run({ db, query, now }, page) {
    const asked = { ...query, now, q: page.q };
    const groups = await findings.findingGroups(db, asked);
    const places = new Map(groups.map((row, index) => [row, index]));
    return {
      ...pageOfAll(groups, page, (row) => [places.get(row) ?? 0]),
      ...(await findings.findingFigures(db, asked)),
    };
  },
});

const ofFinding = z.object({ finding: findingKey });

export const getFinding = declareOperation({
  method: 'GET',
  path: '/drift/:finding',
  name: 'drift show',
  operationId: 'getFinding',
  tag: 'drift',
  summary: 'One finding: what differs, since when, what may have caused it, and what was decided',
  roles: staff,
  params: ofFinding,
  response: z.object({
    finding,
    parts: z.array(finding).meta({ description: 'What is folded into it' }),
    fields: z
      .array(
        z.object({
          field: z.string(),
          declared: z.unknown(),
          actual: z.unknown(),
          agrees: z.boolean().nullable().meta({ description: 'null: it cannot be seen' }),
        }),
      )
      .readonly()
      .meta({
        description: 'All that is declared of the resource beside what there is, what differs first; 1,000 at most',
      }),
    decisions: z
      .array(
        z.object({
          decision: z.enum(['ack', 'ignore', 'reopen']),
          reason: z.string(),
          until: instantOut.nullable(),
          recordedAt: instantOut,
          recordedBy: z.string(),
        }),
      )
      .readonly()
      .meta({ description: 'The newest first; 100 at most' }),
    causes: z
      .array(
        z.object({
          action: z.string(),
          type: z.string().meta({ examples: ['resize'] }),
          status: z.string(),
          startedAt: instantOut.nullable(),
          completedAt: instantOut.nullable(),
        }),
      )
      .readonly()
      .meta({ description: 'Actions between the last look that agreed and the first that differed: candidates' }),
    causesUnknown: z.string().nullable().meta({ description: 'Why no action can be named; null: one could' }),
  }),
  async run({ db, params, now }) {
    const detail = await findings.getFinding(db, params.finding, now);
    const fields = detail.fields.map((one) => ({ ...one, declared: one.declared ?? null, actual: one.actual ?? null }));
    return { ...detail, fields, finding: findingAnswer(detail.finding), parts: detail.parts.map(findingAnswer) };
  },
});

const reason = line.meta({ description: 'Why, for whoever reads it later', examples: ['resized for the sale'] });

export const ackFinding = declareOperation({
  method: 'POST',
  path: '/drift/:finding/ack',
  name: 'drift ack',
  operationId: 'ackFinding',
  tag: 'drift',
  summary: 'Acknowledge a finding as it is: it is open again where another value appears',
  roles: deciders,
  params: ofFinding,
  body: z.strictObject({ reason }),
  response: finding,
  async run({ db, params, body, principal, now }) {
    const decision = { decision: 'ack', ...body } as const;
    return findingAnswer(await findings.decide(db, params.finding, decision, principal.subject, now));
  },
});

export const ignoreFinding = declareOperation({
  method: 'POST',
  path: '/drift/:finding/ignore',
  name: 'drift ignore',
  operationId: 'ignoreFinding',
  tag: 'drift',
  summary: 'Ignore a finding, whatever its values, until a moment or without end',
  command: { flags: { until: 'to' } },
  roles: deciders,
  params: ofFinding,
  body: z.strictObject({ reason, until: instant.optional().meta({ description: 'No end unless given' }) }),
  response: finding,
  async run({ db, params, body, principal, now }) {
    const decision = { decision: 'ignore', reason: body.reason, until: body.until ?? null } as const;
    return findingAnswer(await findings.decide(db, params.finding, decision, principal.subject, now));
  },
});

export const reopenFinding = declareOperation({
  method: 'POST',
  path: '/drift/:finding/reopen',
  name: 'drift reopen',
  operationId: 'reopenFinding',
  tag: 'drift',
  summary: 'Open a finding again that was acknowledged or ignored',
  roles: deciders,
  params: ofFinding,
  body: z.strictObject({ reason: reason.optional() }),
  response: finding,
  async run({ db, params, body, principal, now }) {
    const decision = { decision: 'reopen', reason: body.reason ?? '' } as const;
    return findingAnswer(await findings.decide(db, params.finding, decision, principal.subject, now));
  },
});

const coverage = z.object({
  account: slug,
  kind: z.string(),
  field: z.string().nullable().meta({ description: 'A setting; null: the kind as a whole' }),
  reason: z.string(),
  since: instantOut
    .nullable()
    .meta({ description: 'The last look that saw all; of a setting since when it is hidden; null: never' }),
  resources: z.int().meta({ description: 'How many there are, as far as known' }),
  declared: z.int().meta({ description: 'How many declared resources it keeps from being compared' }),
});

export const listDriftCoverage = declareList({
  path: '/drift/coverage',
  name: 'drift coverage',
  operationId: 'listDriftCoverage',
  tag: 'drift',
  summary: 'What cannot be seen: nothing of it opens, and nothing is resolved',
  roles: staff,
  row: coverage,
  search: { in: 'the account, the kind and the field' },
  sort: { by: ['account', 'kind', 'since'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(await findings.driftCoverage(db), page, (row) => [row.account, row.kind, row.field], {
      texts: (row) => [row.account, row.kind, row.field],
      sorts: { kind: (row) => row.kind, since: (row) => row.since },
    });
  },
});

export const checkDrift = declareOperation({
  method: 'POST',
  path: '/drift/check',
  name: 'drift check',
  operationId: 'checkDrift',
  tag: 'drift',
  summary: 'Sweep, and say whether all agrees',
  description: `Counts what is open at or above a severity. Where a kind could not be listed whole, or a declared setting is
hidden, it is refused (\`drift_blind\`) unless that is allowed: what cannot be seen does not agree. With a document it is
that which is compared, in place of what is declared, and nothing is written.`,
  roles: deciders,
  refuses: [driftBlind, declarationOfOtherState, declarationMisplaced],
  body: z.strictObject({
    deployment: slug.optional().meta({ description: 'Only its findings' }),
    severity: severity.default('low').meta({ description: 'At or above it' }),
    allowBlind: z.boolean().default(false).meta({ description: 'Also where something cannot be seen' }),
    document: declarationSchema
      .optional()
      .meta({ description: 'A declaration to compare with, such as what a plan means there to be; it is not applied' }),
  }),
  response: z.object({
    findings: z.int(),
    groups: z.array(group).readonly(),
    blind: z.array(coverage).readonly(),
    sweptAt: instantOut.nullable(),
  }),
  // A sweep is a transaction of its own, and what a document would find is rolled back.
  prepare: ({ db, body: { document, ...asked }, now, principal }) =>
    document === undefined
      ? findings.checkDrift(db, asked, now)
      : checkDocument(db, document, asked, { by: principal.subject, now }),
  run: async (_, checked) => checked,
});

const difference = z.object({
  finding: findingKey,
  what: z.enum(['found', 'changed', 'resolved']).meta({ description: 'What would become of it' }),
  rule: z.string(),
  kind: z.string(),
  name: z.string(),
  field: z.string().nullable(),
});

export const sweepDrift = declareOperation({
  method: 'POST',
  path: '/drift/sweep',
  name: 'drift sweep',
  operationId: 'sweepDrift',
  tag: 'drift',
  summary: 'Compare now what is declared with what the provider showed last',
  description: `A job does it after each sync, and every hour: of what changed or became due, and of all once a day. To verify
it derives all findings again, writes nothing of that, and answers the first that is otherwise: there should be none.`,
  status: 202,
  roles: deciders,
  body: z.strictObject({
    full: z.boolean().default(false).meta({ description: 'All, whatever changed since the last sweep' }),
    verify: z.boolean().default(false).meta({ description: 'Derive all again, and compare with what there is' }),
  }),
  response: z.object({
    job: z.string().nullable().meta({ description: 'null: it was verified at once' }),
    difference: difference.nullable().meta({ description: 'The first finding that is otherwise when derived again' }),
  }),
  followedBy: [sweepDriftJob],
  // A sweep is a transaction of its own.
  prepare: async ({ db, body, now }) => (body.verify ? { difference: await findings.verifyDrift(db, now) } : null),
  async run({ db, body, follow }, verified) {
    if (verified !== null) return { job: null, ...verified };
    await db.transaction().execute((trx) => follow(trx, sweepDriftJob, body.full ? { full: true } : {}));
    return { job: sweepDriftJob.name, difference: null };
  },
});

export const findingOperations: readonly Operation[] = [
  listFindings,
  listFindingGroups,
  listDriftCoverage,
  getFinding,
  ackFinding,
  ignoreFinding,
  reopenFinding,
  checkDrift,
  sweepDrift,
];
