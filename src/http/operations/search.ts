import { z } from 'zod';
import { searchCustomers, searchDeployments, searchRules } from '../../deployments/index.ts';
import { searchAccounts, searchResources, searchSyncRuns } from '../../inventory/index.ts';
import { searchInvoices } from '../../invoices/index.ts';
import { searchJobs } from '../../jobs/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { inSnapshot } from '../../platform/database/in-snapshot.ts';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { line } from '../../platform/declare/schemas.ts';
import { type SearchHit, searchMatches, type SearchText, searchText } from '../../platform/search.ts';
import { searchPlans } from '../../pricing/index.ts';

// One field that finds anything: each kind of thing by its own module, for whoever may call what shows it.

interface Group {
  readonly group: string;
  /** Shows one of them: who may not call it is not told that there is one. */
  readonly shownBy: string;
  search(db: Queryable, text: SearchText, limit: number): Promise<readonly SearchHit[]>;
}

const groups = [
  { group: 'deployment', shownBy: 'getDeployment', search: searchDeployments },
  { group: 'customer', shownBy: 'getCustomer', search: searchCustomers },
  { group: 'resource', shownBy: 'getResource', search: searchResources },
  { group: 'invoice', shownBy: 'getInvoice', search: searchInvoices },
  { group: 'plan', shownBy: 'getPlan', search: searchPlans },
  { group: 'account', shownBy: 'getAccount', search: searchAccounts },
  { group: 'rule', shownBy: 'getRule', search: searchRules },
  { group: 'sync_run', shownBy: 'getSyncRun', search: searchSyncRuns },
  { group: 'job', shownBy: 'getJob', search: searchJobs },
] as const satisfies readonly Group[];

const hit = z.object({
  hitId: z.string().meta({ description: 'As `shownBy` takes it', examples: ['17'] }),
  title: z.string().meta({ examples: ['acme-web'] }),
  detail: z.string().meta({ examples: ['droplet of agency, active'] }),
  match: z
    .enum(searchMatches)
    .meta({ description: 'exact: its id or whole name; prefix: the beginning; within: a part' }),
});

const search = declareOperation({
  method: 'GET',
  path: '/search',
  name: 'search show',
  operationId: 'search',
  tag: 'search',
  summary: 'Anything by an id, a name, the beginning of one or a part',
  description: `Deployments, customers, resources, plans, accounts and rules by id, name or pattern; invoices by id or the beginning of their
number; resources also by URN and the provider's id; sync runs and jobs by id. A part of a name needs three letters. By name
one finds the resources that are there, by id also those that have ended. Each kind only for a role that may call the
operation that shows one.`,
  roles: staff,
  command: { positional: ['q'] },
  query: z.object({
    q: line.meta({ description: 'Capitals make no difference', examples: ['acme'] }),
    limit: z.coerce.number().int().min(1).max(50).default(8).meta({ description: 'Of each kind' }),
  }),
  response: z
    .object({
      q: z.string(),
      groups: z
        .array(
          z.object({
            group: z.enum(groups.map(({ group }) => group)),
            shownBy: z.string().meta({ description: 'By operationId', examples: ['getResource'] }),
            hits: z.array(hit).readonly().meta({ description: 'The best first' }),
            more: z.boolean().meta({ description: 'There are more than `limit`' }),
          }),
        )
        .meta({ description: 'Kinds of which something was found; those with an exact hit first' }),
    })
    .meta({ id: 'SearchResult', description: 'What was found' }),
  async run({ db, principal, program, query: { q, limit } }) {
    const may = new Set(
      program.operations.filter(({ roles }) => roles.includes(principal.role)).map(({ operationId }) => operationId),
    );
    const text = searchText(q);
    const found = await inSnapshot(db, async (trx) => {
      const answers = [];
      for (const { group, shownBy, search: find } of groups) {
        if (!may.has(shownBy)) continue;
        const hits = await find(trx, text, limit + 1);
        if (hits.length > 0) {
          const shown = hits.slice(0, limit).map(({ id, ...rest }) => ({ hitId: id, ...rest }));
          answers.push({ group, shownBy, hits: shown, more: hits.length > limit });
        }
      }
      return answers;
    });
    const isExact = ({ hits }: (typeof found)[number]) => hits[0]?.match === 'exact';
    return { q, groups: [...found.filter(isExact), ...found.filter((group) => !isExact(group))] };
  },
});

export const searchOperations: readonly Operation[] = [search];
