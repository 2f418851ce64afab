import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import { id, instantOut } from '../../platform/declare/schemas.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import * as rules from '../rules.ts';
import { unattributedResources } from '../attribution.ts';
import { suggestOwners } from '../suggestions.ts';
import { ownersOut, ruleAnswer, ruleOut, shownFields } from './rule-schemas.ts';

export const listRules = declareList({
  path: '/rules',
  name: 'rule list',
  operationId: 'listRules',
  tag: 'rules',
  summary: 'The rules, in the order in which they are tried',
  description: 'A rule that changed over time has several rows.',
  roles: staff,
  row: ruleOut,
  search: { in: 'the kind, the pattern, the project and the owners' },
  sort: { by: ['position', 'ruleId', 'kind', 'from'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(
      (await rules.listRules(db)).map(ruleAnswer),
      page,
      (one) => [Number(one.position), one.ruleId, one.from],
      {
        texts: ({ kind, pattern, project, projectName, owners: of }) => [
          kind,
          pattern,
          project,
          projectName,
          ...(of ?? []).map(({ deployment }) => deployment),
        ],
        sorts: { ruleId: (one) => one.ruleId, kind: (one) => one.kind, from: (one) => one.from },
      },
    );
  },
});

export const exportRules = declareDocument({
  path: '/rules/export',
  name: 'rule export',
  operationId: 'exportRules',
  tag: 'rules',
  summary: 'Your rules as a rules file',
  description: 'With all that they said over time. Applied again, here or elsewhere, it changes nothing.',
  roles: staff,
  produces: ['application/yaml'],
  async run({ db }) {
    const body = listText('rules', await rules.exportRules(db));
    return { type: 'application/yaml', body, filename: 'rules.yaml' };
  },
});

const getRule = declareOperation({
  method: 'GET',
  path: '/rules/:rule',
  name: 'rule show',
  operationId: 'getRule',
  tag: 'rules',
  summary: 'One rule: what it says, who wrote it when, and what it owns now',
  roles: staff,
  params: z.object({ rule: id }),
  response: z.object({
    ruleId: z.int(),
    versions: z
      .array(
        z.object({
          ...shownFields,
          recordedAt: instantOut.nullable().meta({ description: 'null: built in' }),
          recordedBy: z.string(),
          supersededAt: instantOut
            .nullable()
            .meta({ description: 'When something else took its place; null: it holds' }),
        }),
      )
      .meta({ description: 'What holds first, then the newest; 200 at most' }),
    owns: z
      .array(z.object({ kind: z.string(), resources: z.int() }))
      .readonly()
      .meta({ description: 'How many resources have their owner by it now, by kind' }),
  }),
  async run({ db, params }) {
    const { versions, ...rest } = await rules.getRule(db, params.rule);
    return { ...rest, versions: versions.map((version) => ({ ...version, owners: ownersOut(version.owners) })) };
  },
});

export const listRuleSuggestions = declareList({
  path: '/rules/suggestions',
  name: 'rule suggest',
  operationId: 'listRuleSuggestions',
  tag: 'rules',
  summary: 'Suggested rules for what is unassigned',
  description: `A list to choose from: nothing is applied. The best ones only; there is no next page. For a fleet of more than 10,000 they are
made by a job every ten minutes, where something changed.`,
  roles: staff,
  row: z.object({
    rule: z
      .record(z.string(), z.string())
      .meta({ description: 'Ready to be applied', examples: [{ name: 'acme-*', deployment: 'acme' }] }),
    reason: z.string(),
    deploymentExists: z.boolean(),
    resources: z.int().meta({ description: 'Unassigned ones that it would own' }),
  }),
  extra: z.object({ unassigned: z.int().meta({ description: 'How many live resources are unassigned' }) }),
  search: { none: 'made anew each time, the best first' },
  sort: { none: 'made anew each time, the best first' },
  total: { none: 'the best ones only' },
  async run({ db, now }, { limit }) {
    const { total } = await unattributedResources(db, now, 1);
    return { items: await suggestOwners(db, limit), nextCursor: null, unassigned: total };
  },
});

export const ruleOperations: readonly Operation[] = [listRules, getRule, exportRules, listRuleSuggestions];
