import { z } from 'zod';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { instantOut, recordOf, slug } from '../../platform/declare/schemas.ts';
import { sweepDriftJob } from '../jobs.ts';
import * as rules from '../rules.ts';
import { severity } from './finding-out.ts';

const ruleName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, { error: 'is not the name of a rule' })
  .meta({ description: 'A rule', examples: ['idle_volume'] });

const rule = z
  .object({
    rule: ruleName,
    finds: z.string(),
    account: slug.nullable().meta({ description: 'Whose own it is; null: of all, or of a deployment' }),
    deployment: slug.nullable(),
    enabled: z.boolean(),
    severity,
    parameters: z.record(z.string(), z.unknown()),
    recordedAt: instantOut.nullable().meta({ description: 'null: as it is shipped' }),
    recordedBy: z.string(),
  })
  .meta({ id: 'DriftRule', description: 'What is a finding, and how severe' });

export const listDriftRules = declareList({
  path: '/drift-rules',
  name: 'drift rule list',
  operationId: 'listDriftRules',
  tag: 'drift',
  summary: 'The rules by which something is a finding',
  roles: staff,
  row: rule,
  search: { in: 'the rule, the account and the deployment' },
  sort: { by: ['rule', 'severity'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(await rules.listRules(db), page, (row) => [row.rule, row.account, row.deployment], {
      texts: (row) => [row.rule, row.account, row.deployment],
      sorts: { severity: (row) => row.severity },
    });
  },
});

const whose = {
  account: slug.optional().meta({ description: 'Only in this account' }),
  deployment: slug.optional().meta({ description: 'Only of this deployment' }),
};

const scalar = z.union([
  z.int(),
  z.string().max(100),
  z.array(z.string().max(100)).max(100),
  recordOf(z.string().max(20), z.string().max(20), 100),
]);

export const setDriftRule = declareOperation({
  method: 'POST',
  path: '/drift-rules/:rule',
  name: 'drift rule set',
  operationId: 'setDriftRule',
  tag: 'drift',
  summary: 'Switch a rule on or off, or give it another severity or other parameters, from now on',
  description: 'For all, for an account, or for a deployment: the most specific holds. What is not given stays.',
  roles: ['owner', 'operator'],
  params: z.object({ rule: ruleName }),
  body: z.strictObject({
    ...whose,
    enabled: z.boolean().optional(),
    severity: severity.optional(),
    parameters: recordOf(z.string().max(63), scalar, 20)
      .optional()
      .meta({ description: 'Those that are named change', examples: [{ days: 14 }] }),
  }),
  response: rule,
  followedBy: [sweepDriftJob],
  async run({ db, params, body, principal, now, follow }) {
    const changed = await rules.changeRule(db, { ...params, ...body }, principal.subject, now);
    await db.transaction().execute((trx) => follow(trx, sweepDriftJob, {}));
    return changed;
  },
});

export const resetDriftRule = declareOperation({
  method: 'POST',
  path: '/drift-rules/:rule/reset',
  name: 'drift rule reset',
  operationId: 'resetDriftRule',
  tag: 'drift',
  summary: "End an account's or a deployment's own rule: that of all holds again",
  roles: ['owner', 'operator'],
  params: z.object({ rule: ruleName }),
  body: z.strictObject(whose).meta({ examples: [{ deployment: 'acme' }] }),
  response: z.object({ rule: ruleName }),
  followedBy: [sweepDriftJob],
  async run({ db, params, body, principal, now, follow }) {
    await rules.resetRule(db, { ...params, ...body }, principal.subject, now);
    await db.transaction().execute((trx) => follow(trx, sweepDriftJob, {}));
    return params;
  },
});

export const driftRuleOperations: readonly Operation[] = [listDriftRules, setDriftRule, resetDriftRule];
