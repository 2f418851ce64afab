import { money } from '../ui/decimal.ts';
import { day } from '../ui/time.ts';
import type { OverviewDocument } from './document.ts';

/** One thing that waits for somebody. */
export interface Need {
  readonly id: string;
  /** How many. */
  readonly count: number;
  /** What they are, behind the figure; it is a part of the first line too. */
  readonly text: string;
  readonly detail: string | null;
  /** The view that deals with it. */
  readonly link: {
    readonly to: '/resources';
    readonly search: Readonly<Record<string, string>>;
    readonly verb: string;
  } | null;
  /** The command that does, where there is no view. */
  readonly command: string | null;
  readonly isWrong: boolean;
}

type Found = Pick<Need, 'id' | 'count'> & { readonly one: string; readonly several: string } & Partial<
    Pick<Need, 'detail' | 'link' | 'command' | 'isWrong'>
  >;

/** What waits for somebody, the worst first. */
export function needsOf(overview: OverviewDocument): readonly Need[] {
  const { accountsBroken, jobs, freshness, unowned, corrections, alerts, invoices } = overview;
  const stale = freshness.filter(({ state }) => state !== 'fresh' && state !== 'ok');
  const found: readonly Found[] = [
    {
      id: 'accounts',
      count: accountsBroken,
      one: 'account cannot be read',
      several: 'accounts cannot be read',
      command: 'arcadia account check',
      isWrong: true,
    },
    {
      id: 'jobs',
      count: jobs.dead,
      one: 'job is dead',
      several: 'jobs are dead',
      command: 'arcadia job list --state dead',
      isWrong: true,
    },
    {
      id: 'stale',
      count: stale.length,
      one: 'kind of resource was not read lately',
      several: 'kinds of resource were not read lately',
      detail: stale.map(({ account, kind }) => `${kind} of ${account}`).join(', '),
      command: 'arcadia sync list',
    },
    {
      id: 'unowned',
      count: unowned.resources,
      one: 'resource is unassigned',
      several: 'resources are unassigned',
      detail: unassignedDetail(overview),
      link: { to: '/resources', search: { owner: 'none' }, verb: 'Look' },
    },
    {
      id: 'corrections',
      count: corrections.count,
      one: 'correction waits for a decision',
      several: 'corrections wait for a decision',
      detail: corrections.totals.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(', '),
      command: 'arcadia invoice corrections',
    },
    {
      id: 'alerts',
      count: alerts.fired,
      one: 'alert fired',
      several: 'alerts fired',
      command: 'arcadia alert firings',
    },
    {
      id: 'drafts',
      count: invoices.draft,
      one: 'draft waits for approval',
      several: 'drafts wait for approval',
      command: 'arcadia invoice approve --month',
    },
    {
      id: 'queues',
      count: jobs.pausedQueues.length,
      one: 'queue is paused',
      several: 'queues are paused',
      detail: jobs.pausedQueues.join(', '),
      command: 'arcadia queue resume',
    },
  ];
  return found
    .filter(({ count }) => count > 0)
    .map(({ one, several, ...need }) => ({
      detail: null,
      link: null,
      command: null,
      isWrong: false,
      ...need,
      text: need.count === 1 ? one : several,
    }));
}

function unassignedDetail({ unowned: { oldest, suggested }, clock }: OverviewDocument): string {
  const since = oldest === null ? '' : `the oldest since ${day(oldest, clock.now)}`;
  const suggestions = suggested === 0 ? '' : `${suggested} with a suggested owner`;
  return [since, suggestions].filter((each) => each !== '').join(', ');
}

/** The first line: what a person needs to know before anything else. */
export function sentenceOf(needs: readonly Need[]): string {
  if (needs.length === 0) return 'Nothing needs you.';
  const named = needs.slice(0, 2).map(({ count, text }) => `${count} ${text}`);
  const things = `${needs.length} ${needs.length === 1 ? 'thing needs' : 'things need'} you`;
  return needs.length > named.length ? `${things}, first: ${named.join('; ')}.` : `${things}: ${named.join('; ')}.`;
}
