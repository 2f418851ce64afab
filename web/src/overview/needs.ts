import { ruleText } from '../drift/words.ts';
import { money } from '../ui/decimal.ts';
import { day } from '../ui/time.ts';
import type { OverviewDocument } from './read.ts';

/** One thing that waits for somebody. */
export interface Need {
  readonly id: string;
  /** How many. */
  readonly count: number;
  /** What they are, behind the figure; it is a part of the first line too. */
  readonly text: string;
  readonly detail: string | null;
  /** The view that deals with it. */
  readonly link:
    | { readonly to: '/jobs'; readonly search: { readonly state?: 'dead' }; readonly verb: string }
    | { readonly to: '/settings'; readonly search: { readonly tab: 'alerts' }; readonly verb: string }
    | {
        readonly to: '/accounts' | '/corrections' | '/drift' | '/unassigned';
        readonly search: object;
        readonly verb: string;
      }
    | { readonly to: '/margin' | '/invoices'; readonly search: { readonly m: string }; readonly verb: string };
  readonly isWrong: boolean;
}

type Words = readonly [one: string, several: string];
type Rest = Pick<Need, 'link'> & Partial<Need>;

function need(id: string, count: number, [one, several]: Words, rest: Rest): readonly Need[] {
  if (count === 0) return [];
  const text = count === 1 ? one : several;
  return [{ id, count, text, detail: null, isWrong: false, ...rest }];
}

/** What waits for somebody, the worst first. */
export function needsOf(overview: OverviewDocument): readonly Need[] {
  const { accounts, jobs, unowned, corrections, alerts, invoices, lossMakers, notComparable, drift } = overview;
  const drafts = invoices.states.filter(({ state }) => state === 'draft');
  return [
    ...need('accounts', accounts.broken, ['account cannot be read in full', 'accounts cannot be read in full'], {
      detail: brokenKinds(overview),
      link: { to: '/accounts', search: {}, verb: 'Show' },
      isWrong: true,
    }),
    ...need('jobs', jobs.dead, ['job is dead', 'jobs are dead'], {
      link: { to: '/jobs', search: { state: 'dead' }, verb: 'Show' },
      isWrong: true,
    }),
    ...need('unowned', unowned.resources, ['resource is unassigned', 'resources are unassigned'], {
      detail: unassignedDetail(overview),
      link: { to: '/unassigned', search: {}, verb: 'Assign' },
    }),
    ...need('drift', drift.findings, ['unexpected change is open', 'unexpected changes are open'], {
      detail: driftDetail(drift.groups),
      link: { to: '/drift', search: {}, verb: 'Show' },
      isWrong: drift.groups.some(({ severity }) => severity === 'critical'),
    }),
    ...need(
      'losses',
      lossMakers?.length ?? 0,
      ['deployment costs more than it earns', 'deployments cost more than they earn'],
      {
        detail: lossMakers?.[0] === undefined ? null : `${lossMakers[0].deployment}: ${lossMakers[0].reasons[0] ?? ''}`,
        link: { to: '/margin', search: { m: overview.month }, verb: 'Show' },
      },
    ),
    ...need(
      'incomparable',
      notComparable?.length ?? 0,
      [
        'deployment earns and costs in currencies without a rate',
        'deployments earn and cost in currencies without a rate',
      ],
      {
        detail: notComparable?.join(', ') ?? null,
        link: { to: '/margin', search: { m: overview.month }, verb: 'Show' },
      },
    ),
    ...need('corrections', corrections.months, ['correction waits for a decision', 'corrections wait for a decision'], {
      detail: amountsText(corrections.totals),
      link: { to: '/corrections', search: {}, verb: 'Decide' },
    }),
    ...need('alerts', alerts.fired, ['alert fired this month', 'alerts fired this month'], {
      link: { to: '/settings', search: { tab: 'alerts' }, verb: 'Show' },
    }),
    ...draftNeeds(overview, drafts),
    ...need('queues', jobs.pausedQueues.length, ['queue is paused', 'queues are paused'], {
      detail: jobs.pausedQueues.join(', '),
      link: { to: '/jobs', search: {}, verb: 'Show' },
    }),
  ];
}

type InvoiceSum = OverviewDocument['invoices']['states'][number];

/** A row for each currency: what they come to is never added up. */
function draftNeeds({ invoices }: OverviewDocument, drafts: readonly InvoiceSum[]): readonly Need[] {
  return drafts.flatMap(({ currency, documents, total }) =>
    need(`drafts ${currency}`, documents, ['draft waits for approval', 'drafts wait for approval'], {
      detail: `${money(total)} ${currency}`,
      link: { to: '/invoices', search: { m: invoices.month }, verb: 'Approve' },
    }),
  );
}

function brokenKinds({ accounts: { kinds } }: OverviewDocument): string {
  const bad = kinds.filter(({ state }) => state !== 'complete').map(({ account, kind }) => `${kind} of ${account}`);
  return bad.length > 3 ? `${bad.slice(0, 3).join(', ')} and ${bad.length - 3} more` : bad.join(', ');
}

/** Which are the worst of them: groups come so. */
function driftDetail([worst]: OverviewDocument['drift']['groups']): string | null {
  if (worst === undefined) return null;
  const whose = worst.deployment === null ? '' : `, ${worst.deployment}`;
  return `the worst is ${worst.severity}: ${ruleText(worst.rule).toLowerCase()}${whose}`;
}

function amountsText(amounts: OverviewDocument['corrections']['totals']): string {
  return amounts.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(', ');
}

function unassignedDetail({ unowned: { oldest, costPerMonth, unpriced }, clock }: OverviewDocument): string {
  return [
    costPerMonth.length === 0 ? '' : `about ${amountsText(costPerMonth)} a month`,
    unpriced === 0 ? '' : `${unpriced} of unknown price`,
    oldest === null ? '' : `the oldest since ${day(oldest, clock.now)}`,
  ]
    .filter((each) => each !== '')
    .join(', ');
}

/** The first line: what a person needs to know before anything else. */
export function sentenceOf(needs: readonly Need[]): string {
  if (needs.length === 0) return 'Nothing needs you.';
  const named = needs.slice(0, 2).map(({ count, text }) => `${count} ${text}`);
  const things = `${needs.length} ${needs.length === 1 ? 'thing needs' : 'things need'} you`;
  return needs.length > named.length ? `${things}, first: ${named.join('; ')}.` : `${things}: ${named.join('; ')}.`;
}
