import {
  decideSubscription,
  listSubscriptionHistory,
  listSubscriptions,
} from '../../pricing/operations/subscriptions.ts';
import { type Column, moment } from '../engine/output.ts';
import { actionView, type BoundView, listView, type Noun, type RowOf, type ViewTools } from '../engine/views.ts';

type Subscription = RowOf<typeof listSubscriptions>;

const columns: readonly Column<Subscription>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'plan', value: (row) => row.plan },
  { header: 'state', value: (row) => (row.paused ? 'paused' : 'active') },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
];

interface Asked {
  readonly deployment: string;
  readonly plan: string;
  readonly from: string;
  readonly to?: string;
}

function askedOf({ input }: ViewTools): Asked {
  return { ...input.params, ...(input.body as object) } as unknown as Asked;
}

interface DecisionView {
  readonly summary: string;
  readonly details?: string;
  readonly example: string;
  readonly question?: (asked: Asked) => string;
  readonly done: (asked: Asked) => string;
}

/** What those that decide have in common: a deployment, the day on which it begins, and what they say. */
function decision(action: string, { question, done, ...words }: DecisionView): BoundView {
  return actionView(decideSubscription, {
    ...words,
    name: `subscription ${action}`,
    fixed: { action },
    positional: ['deployment'],
    ...(question && { confirm: async (tools: ViewTools) => question(askedOf(tools)) }),
    text: ({ changed }, tools) => (changed ? done(askedOf(tools)) : 'It was so already; nothing was written.'),
  });
}

export const subscriptionNoun: Noun = {
  name: 'subscription',
  summary: 'which deployment is on which plan, and since when',
  description:
    'Which deployment is on which plan, and since when. Plans, pauses and ends begin with a UTC day; a day long past may be given too.',
  views: [
    listView(listSubscriptions, {
      summary: 'what each deployment is on now',
      example: `
$ arcadia subscription list --plan studio
DEPLOYMENT  PLAN    STATE   FROM (UTC)            TO (UTC)
acme        studio  active  2026-05-01 00:00:00Z  -`,
      columns,
      empty: 'No deployment is on a plan. Put one on: arcadia subscription start --help',
    }),
    listView(listSubscriptionHistory, {
      summary: "a deployment's plans over time, the newest first",
      example: `
$ arcadia subscription show acme
DEPLOYMENT  PLAN     STATE   FROM (UTC)            TO (UTC)
acme        atelier  active  2026-07-01 00:00:00Z  -
acme        studio   active  2026-05-01 00:00:00Z  2026-07-01 00:00:00Z`,
      columns,
      empty: 'It was never on a plan. Put it on one: arcadia subscription start --help',
    }),
    decision('start', {
      summary: 'put a deployment that is on no plan on one',
      details: 'It applies until it is changed or ended; later planned changes are replaced.',
      example: `
$ arcadia subscription start acme --plan studio --from 2026-05-01
acme is on studio from 2026-05-01 00:00:00Z.`,
      done: ({ deployment, plan, from }) => `${deployment} is on ${plan} from ${moment(from)}.`,
    }),
    decision('change', {
      summary: 'move a deployment to another plan',
      details:
        'In mid-month both plans are prorated over the whole calendar month, allowances too, and usage is split at the day. What was planned for later is replaced, and a pause ends.',
      example: `
$ arcadia subscription change acme --plan atelier --from 2026-05-16
acme is on atelier from 2026-05-16 00:00:00Z.`,
      done: ({ deployment, plan, from }) => `${deployment} is on ${plan} from ${moment(from)}.`,
    }),
    decision('pause', {
      summary: 'charge a deployment nothing for a while',
      details: 'Neither base fee nor usage is charged; what it uses meanwhile is metered and shown.',
      example: `
$ arcadia subscription pause acme --from 2026-06-11 --to 2026-06-21
acme is paused from 2026-06-11 00:00:00Z to 2026-06-21 00:00:00Z.`,
      done: ({ deployment, from, to }) =>
        `${deployment} is paused from ${moment(from)}${to ? ` to ${moment(to)}` : ''}.`,
    }),
    decision('resume', {
      summary: 'end a pause',
      example: `
$ arcadia subscription resume acme --from 2026-06-21
acme is charged again from 2026-06-21 00:00:00Z.`,
      done: ({ deployment, from }) => `${deployment} is charged again from ${moment(from)}.`,
    }),
    decision('end', {
      summary: 'take a deployment off its plan',
      details: 'What was planned for later is gone too. Usage is still metered but not billed.',
      example: `
$ arcadia subscription end acme --from 2026-09-01 --yes
acme is on no plan from 2026-09-01 00:00:00Z.`,
      question: ({ deployment, from }) =>
        `End the subscription of ${deployment} at ${moment(from)}? What is planned for later is removed.`,
      done: ({ deployment, from }) => `${deployment} is on no plan from ${moment(from)}.`,
    }),
  ],
};
