import type { Command } from 'commander';
import type { Database } from '../../platform/database/database.ts';
import type { Decided, Subscription } from '../../pricing/subscriptions.ts';
import { defaultLimit, instant, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';
import { type Column, moment } from '../engine/output.ts';

export function addSubscriptionCommands(program: Command): void {
  const subscription = program
    .command('subscription')
    .summary('which deployment is on which plan, and since when')
    .description(
      'Which deployment is on which plan, and since when. Plans, pauses and ends begin with a UTC day; a day long past may be given too.',
    );
  addList(subscription);
  addShow(subscription);
  addStart(subscription);
  addChange(subscription);
  addPause(subscription);
  addResume(subscription);
  addEnd(subscription);
}

interface ListOptions {
  readonly at?: Temporal.Instant;
  readonly plan?: string;
  readonly paused?: boolean;
  readonly limit: number;
}

function addList(subscription: Command): void {
  addCommand(subscription, 'list', {
    summary: 'what each deployment is on now',
    example: `
$ arcadia subscription list --plan studio
DEPLOYMENT  PLAN    STATE   FROM (UTC)            TO (UTC)
acme        studio  active  2026-05-01 00:00:00Z  -`,
  })
    .option('--at <moment>', 'at another moment than now', instant('--at'))
    .option('--plan <plan>', 'only those on that plan')
    .option('--paused', 'only those that are paused')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .action(
      withSession(async (session, { at, limit, plan, paused }: ListOptions) => {
        const { currentSubscriptions } = await import('../../pricing/subscriptions.ts');
        const { db, clock } = await session.database();
        const rows = await currentSubscriptions(db, at ?? (await clock.now()), { plan, paused, limit });
        await session.output.list(
          rows,
          columns,
          'No deployment is on a plan. Put one on: arcadia subscription start --help',
        );
        if (rows.length === limit) session.output.note(`The first ${limit}; more with --limit`);
      }),
    );
}

function addShow(subscription: Command): void {
  addCommand(subscription, 'show', {
    summary: "a deployment's plans over time, the newest first",
    example: `
$ arcadia subscription show acme
DEPLOYMENT  PLAN     STATE   FROM (UTC)            TO (UTC)
acme        atelier  active  2026-07-01 00:00:00Z  -
acme        studio   active  2026-05-01 00:00:00Z  2026-07-01 00:00:00Z`,
  })
    .argument('<deployment>', 'its slug')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .action(
      withSession(async (session, deployment: string, { limit }: { limit: number }) => {
        const { subscriptionHistory } = await import('../../pricing/subscriptions.ts');
        const { db } = await session.database();
        await session.output.list(
          await subscriptionHistory(db, deployment, limit),
          columns,
          'It was never on a plan. Put it on one: arcadia subscription start --help',
        );
      }),
    );
}

function addStart(subscription: Command): void {
  decision(
    addCommand(subscription, 'start', {
      summary: 'put a deployment that is on no plan on one',
      details: 'It holds until it is changed or ended; what was planned for later is replaced.',
      example: `
$ arcadia subscription start acme --plan studio --from 2026-05-01
acme is on studio from 2026-05-01 00:00:00Z.`,
    }).requiredOption('--plan <plan>', "the plan's slug"),
    async ({ db, now, deployment, from, plan }) => {
      const { startSubscription } = await import('../../pricing/subscriptions.ts');
      return startSubscription(db, { deployment, from, plan }, operator(), now);
    },
    ({ deployment, from, plan }) => `${deployment} is on ${plan} from ${moment(from)}.`,
  );
}

function addChange(subscription: Command): void {
  decision(
    addCommand(subscription, 'change', {
      summary: 'move a deployment to another plan',
      details:
        'In mid-month both plans are prorated over the whole calendar month, allowances too, and usage is split at the day. What was planned for later is replaced, and a pause ends.',
      example: `
$ arcadia subscription change acme --plan atelier --from 2026-05-16
acme is on atelier from 2026-05-16 00:00:00Z.`,
    }).requiredOption('--plan <plan>', "the plan's slug"),
    async ({ db, now, deployment, from, plan }) => {
      const { changeSubscription } = await import('../../pricing/subscriptions.ts');
      return changeSubscription(db, { deployment, from, plan }, operator(), now);
    },
    ({ deployment, from, plan }) => `${deployment} is on ${plan} from ${moment(from)}.`,
  );
}

function addPause(subscription: Command): void {
  decision(
    addCommand(subscription, 'pause', {
      summary: 'charge a deployment nothing for a while',
      details: 'Neither base fee nor usage is charged; what it uses meanwhile is metered and shown.',
      example: `
$ arcadia subscription pause acme --from 2026-06-11 --to 2026-06-21
acme is paused from 2026-06-11 00:00:00Z to 2026-06-21 00:00:00Z.`,
    }).option('--to <day>', 'when it goes on; without it: until it is resumed', instant('--to')),
    async ({ db, now, deployment, from, to }) => {
      const { pauseSubscription } = await import('../../pricing/subscriptions.ts');
      return pauseSubscription(db, { deployment, from, to: to ?? null }, operator(), now);
    },
    ({ deployment, from, to }) => `${deployment} is paused from ${moment(from)}${to ? ` to ${moment(to)}` : ''}.`,
  );
}

function addResume(subscription: Command): void {
  decision(
    addCommand(subscription, 'resume', {
      summary: 'end a pause',
      example: `
$ arcadia subscription resume acme --from 2026-06-21
acme is charged again from 2026-06-21 00:00:00Z.`,
    }),
    async ({ db, now, deployment, from }) => {
      const { resumeSubscription } = await import('../../pricing/subscriptions.ts');
      return resumeSubscription(db, { deployment, from }, operator(), now);
    },
    ({ deployment, from }) => `${deployment} is charged again from ${moment(from)}.`,
  );
}

function addEnd(subscription: Command): void {
  decision(
    addCommand(subscription, 'end', {
      summary: 'take a deployment off its plan',
      details: 'What was planned for later is gone too. It goes on being metered, and costs nothing.',
      example: `
$ arcadia subscription end acme --from 2026-09-01
acme is on no plan from 2026-09-01 00:00:00Z.`,
    }),
    async ({ db, now, deployment, from }) => {
      const { endSubscription } = await import('../../pricing/subscriptions.ts');
      return endSubscription(db, { deployment, from }, operator(), now);
    },
    ({ deployment, from }) => `${deployment} is on no plan from ${moment(from)}.`,
  );
}

interface Asked {
  readonly deployment: string;
  readonly from: Temporal.Instant;
  readonly to?: Temporal.Instant;
  /** Where the command has the option. */
  readonly plan: string;
}

/** What the five that decide have in common: a deployment, the day on which it begins, and what they say. */
function decision(
  command: Command,
  decide: (asked: Asked & { readonly db: Database; readonly now: Temporal.Instant }) => Promise<Decided>,
  done: (asked: Asked) => string,
): void {
  command
    .argument('<deployment>', 'its slug')
    .requiredOption('--from <day>', 'when it begins, a UTC day', instant('--from'))
    .action(
      withSession(async (session, deployment: string, options: Omit<Asked, 'deployment'>) => {
        const { db, clock } = await session.database();
        const asked = { ...options, deployment };
        const { changed } = await decide({ ...asked, db, now: await clock.now() });
        if (session.output.json) return session.output.value({ ...asked, changed });
        await session.output.text(changed ? done(asked) : 'It was so already; nothing was written.');
      }),
    );
}

const columns: readonly Column<Subscription>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'plan', value: (row) => row.plan },
  { header: 'state', value: (row) => (row.paused ? 'paused' : 'active') },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
];
