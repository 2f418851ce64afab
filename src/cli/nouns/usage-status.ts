import type { Command } from 'commander';
import type { Confirmation, KindStatus, ObservationLimit, Obstacle } from '../../metering/finality/attestations.ts';
import type { PricedGap, PricedGaps } from '../../pricing/gaps.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { defaultLimit, instant, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { addRangeOptions, describeRange, monthOf, parseDay, parseRange, type RangeOptions } from '../engine/range.ts';

/** How well usage is known: status, gaps, operators' words, limits. */
export function addUsageStatusCommands(usage: Command): void {
  addStatus(usage);
  addGaps(usage);
  addConfirm(usage);
  addUnconfirm(usage);
  addConfirmations(usage);
  addLimits(usage);
  addLimit(usage);
}

function addStatus(usage: Command): void {
  const command = addCommand(usage, 'status', {
    summary: 'whether a period is complete, confirmed and final, and what is missing',
    details: `Complete: it is over. Confirmed: a complete listing of every account and kind began at or after its end.
Final: metered, confirmed, and no change pending; what an invoice needs. Without a range: the month before this one.`,
    example: `
$ arcadia usage status --month 2026-05
May 2026 (UTC) is complete, not confirmed, not final.

KIND           CONFIRMED  FINAL  DAYS TO METER  ACCOUNTS MISSING
dns_zones      yes        yes                0                 0
droplet_hours  no         no                 0                 1

WHY                                                                           WHAT TO DO
The last complete listing of droplet in acme began at 2026-05-31T18:00:00Z...  arcadia account check acme, ...`,
  })
    .option('--deployment <slug>', 'only what matters to one deployment')
    .option('--customer <id>', "only what matters to one customer's deployments");
  addRangeOptions(command).action(
    withSession(async (session, options: RangeOptions & { deployment?: string; customer?: string }) => {
      const asked = parseRange(options, null);
      const { periodStatus } = await import('../../metering/finality/attestations.ts');
      const { dayOf } = await import('../../metering/period.ts');
      const { db, clock } = await session.database();
      const now = await clock.now();
      const range = asked ?? monthOf(dayOf(now).with({ day: 1 }).subtract({ days: 1 }));
      const { deployment, customer } = options;
      const status = await periodStatus(db, { ...range, now, deployment, customer });
      if (session.output.json) return session.output.value(status);
      const words = (['complete', 'confirmed', 'final'] as const).map((word) => (status[word] ? word : `not ${word}`));
      const parts = [`${describeRange(range)} is ${words.join(', ')}.`];
      if (status.kinds.length > 0) parts.push(table(status.kinds, kindColumns));
      if (status.obstacles.length > 0) parts.push(table(status.obstacles, obstacleColumns));
      await session.output.text(parts.join('\n\n'));
      if (status.obstaclesTotal > status.obstacles.length) {
        session.output.note(`The first ${count(status.obstacles.length)} of ${count(status.obstaclesTotal)}.`);
      }
    }),
  );
}

const yes = (value: boolean) => (value ? 'yes' : 'no');

const kindColumns: readonly Column<KindStatus>[] = [
  { header: 'kind', value: (row) => row.kind },
  { header: 'confirmed', value: (row) => yes(row.confirmed) },
  { header: 'final', value: (row) => yes(row.final) },
  { header: 'days to meter', value: (row) => count(row.daysMissing), align: 'right' },
  { header: 'accounts missing', value: (row) => count(row.accountsUnconfirmed), align: 'right' },
];

const obstacleColumns: readonly Column<Obstacle>[] = [
  { header: 'why', value: (row) => row.message },
  { header: 'what to do', value: (row) => row.todo },
];

interface GapOptions {
  readonly month?: string;
  readonly account?: string;
  readonly kind?: string;
  readonly limit: number;
}

function addGaps(usage: Command): void {
  addCommand(usage, 'gaps', {
    summary: 'stretches that nobody saw, what was carried forward over them, and what that costs',
    details: `Without a complete listing, metering goes on as if what was last seen had gone on. A gap that a listing
closed without missing anything is confirmed by it, and not shown. COST is what the month's quote would be
less without the gap's usage.`,
    example: `
$ arcadia usage gaps --month 2026-05
ACCOUNT  KIND     FROM (UTC)            TO (UTC)  RESOURCES  DEPLOYMENT  CARRIED FORWARD   COST
acme     droplet  2026-05-30 00:00:00Z  open              3  acme        96 droplet_hours  1.92 USD`,
  })
    .option('--month <month>', 'a UTC calendar month, 2026-05; by default the current one')
    .option('--account <slug>', 'of one account')
    .option('--kind <kind>', 'of one kind of resource')
    .option('--limit <n>', 'gaps at most, the latest first', whole('--limit', 1, 1000), defaultLimit)
    .action(
      withSession(async (session, options: GapOptions) => {
        const asked = parseRange(options.month === undefined ? {} : { month: options.month }, null);
        const { gapsWithMoney } = await import('../../pricing/gaps.ts');
        const { dayOf } = await import('../../metering/period.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        const month = (asked ?? monthOf(dayOf(now))).from.toPlainYearMonth();
        const { account, kind: resourceKind, limit } = options;
        const priced = await gapsWithMoney(db, { month, now, account, resourceKind, limit });
        if (session.output.json) return session.output.value(priced);
        if (priced.gaps.length === 0) return session.output.note('Nothing is carried forward over a gap.');
        await session.output.text(table(priced.gaps.flatMap(gapLines), gapColumns));
        if (priced.totals.length > 0) session.output.note(`All of it together costs ${describeTotals(priced)}.`);
        if (priced.gaps.some((gap) => gap.beyondLimit)) {
          session.output.note(
            'What lies beyond the limit is not final: arcadia usage status, arcadia usage confirm --help',
          );
        }
      }),
    );
}

function describeTotals({ totals }: PricedGaps): string {
  return totals.map(({ currency, amount }) => `${amount} ${currency}`).join(' and ');
}

interface GapLine {
  readonly gap: PricedGap;
  readonly deployment: string | null;
  readonly carried: string | null;
  readonly cost: string | null;
}

function gapLines(gap: PricedGap): GapLine[] {
  if (gap.usage.length === 0) return [{ gap, deployment: null, carried: null, cost: null }];
  return gap.amounts.map(({ deployment, currency, amount }) => ({
    gap,
    deployment,
    carried: gap.usage
      .filter((line) => line.deployment === deployment)
      .map((line) => `${line.quantity} ${line.kind}`)
      .join(', '),
    cost: amount === null ? null : `${amount} ${currency}`,
  }));
}

const gapColumns: readonly Column<GapLine>[] = [
  { header: 'account', value: ({ gap }) => gap.account },
  { header: 'kind', value: ({ gap }) => gap.resourceKind },
  { header: 'from (utc)', value: ({ gap }) => moment(Temporal.Instant.from(gap.from)) },
  { header: 'to (utc)', value: ({ gap }) => (gap.to === null ? 'open' : moment(Temporal.Instant.from(gap.to))) },
  { header: 'limit (utc)', value: ({ gap }) => moment(Temporal.Instant.from(gap.limit)) },
  { header: 'resources', value: ({ gap }) => count(gap.resources), align: 'right' },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'carried forward', value: (row) => row.carried },
  { header: 'cost', value: (row) => row.cost, align: 'right' },
];

interface ConfirmOptions {
  readonly account: string;
  readonly kind: string;
  readonly through: Temporal.Instant;
  readonly reason: string;
}

function addConfirm(usage: Command): void {
  addCommand(usage, 'confirm', {
    summary: 'give your word that what is recorded of an account and kind is right, up to a moment',
    details: `It counts as a complete listing that began then: for what an outage hid, once you have looked for yourself.
No usage changes. It is kept with your name and the reason, and can be taken back.`,
    example: `
$ arcadia usage confirm --account acme --kind droplet --through 2026-06-01 --reason 'checked in the console'
Confirmed droplet in acme through 2026-06-01 00:00:00Z, as number 4.
Taken back with: arcadia usage unconfirm 4`,
  })
    .requiredOption('--account <slug>', 'the account')
    .requiredOption('--kind <kind>', 'a kind of resource, such as droplet')
    .requiredOption('--through <moment>', 'up to when', instant('--through'))
    .requiredOption('--reason <text>', 'how you know')
    .action(
      withSession(async (session, options: ConfirmOptions) => {
        const { confirmUsage } = await import('../../metering/finality/attestations.ts');
        const { db, clock } = await session.database();
        const { account, kind: resourceKind, through, reason } = options;
        const request = { account, resourceKind, through, reason };
        const { confirmationId } = await confirmUsage(db, request, operator(), await clock.now());
        if (session.output.json) return session.output.value({ confirmation: confirmationId, ...request });
        await session.output.text(
          `Confirmed ${resourceKind} in ${account} through ${moment(through)}, as number ${confirmationId}.`,
        );
        session.output.note(`Taken back with: arcadia usage unconfirm ${confirmationId}`);
      }),
    );
}

function addUnconfirm(usage: Command): void {
  addCommand(usage, 'unconfirm', {
    summary: 'take a confirmation back; it stays on record',
    example: `
$ arcadia usage unconfirm 4
Confirmation 4 no longer stands.`,
  })
    .argument('<number>', 'as arcadia usage confirmations shows it', whole('The number', 1))
    .action(
      withSession(async (session, confirmation: number) => {
        const { withdrawConfirmation } = await import('../../metering/finality/attestations.ts');
        const { db, clock } = await session.database();
        await withdrawConfirmation(db, confirmation, operator(), await clock.now());
        if (session.output.json) return session.output.value({ confirmation, stands: false });
        await session.output.text(`Confirmation ${confirmation} no longer stands.`);
      }),
    );
}

function addConfirmations(usage: Command): void {
  addCommand(usage, 'confirmations', {
    summary: "operators' words, newest first, those taken back among them",
    example: `
$ arcadia usage confirmations
NUMBER  ACCOUNT  KIND     THROUGH (UTC)         BY   REASON                  TAKEN BACK
     4  acme     droplet  2026-06-01 00:00:00Z  ana  checked in the console  -`,
  })
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 10_000), defaultLimit)
    .action(
      withSession(async (session, options: { limit: number }) => {
        const { listConfirmations } = await import('../../metering/finality/attestations.ts');
        const { db } = await session.database();
        const { items } = await listConfirmations(db, options);
        await session.output.list(items, confirmationColumns, 'Nobody has confirmed anything by hand.');
      }),
    );
}

const confirmationColumns: readonly Column<Confirmation>[] = [
  { header: 'number', value: (row) => String(row.confirmationId), align: 'right' },
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.resourceKind },
  { header: 'through (utc)', value: (row) => moment(row.through) },
  { header: 'by', value: (row) => row.recordedBy },
  { header: 'reason', value: (row) => row.reason },
  {
    header: 'taken back',
    value: (row) => (row.withdrawnAt === null ? null : `${moment(row.withdrawnAt)} by ${row.withdrawnBy}`),
  },
];

function addLimits(usage: Command): void {
  addCommand(usage, 'limits', {
    summary: 'after how long without a listing there is a gap, and for how long usage is carried forward',
    example: `
$ arcadia usage limits
KIND           FROM        GAP AFTER  CARRIED FORWARD
*              2000-01-01        6 h             72 h
spaces_bucket  2000-01-01       48 h             72 h`,
  }).action(
    withSession(async (session) => {
      const { listObservationLimits } = await import('../../metering/finality/attestations.ts');
      const { db } = await session.database();
      await session.output.list(await listObservationLimits(db), limitColumns, 'There are no limits.');
    }),
  );
}

const limitColumns: readonly Column<ObservationLimit>[] = [
  { header: 'kind', value: (row) => row.resourceKind },
  { header: 'from', value: (row) => row.fromDay.toString() },
  { header: 'gap after', value: (row) => `${row.gapAfterHours} h`, align: 'right' },
  { header: 'carried forward', value: (row) => `${row.carryForwardHours} h`, align: 'right' },
];

interface LimitOptions {
  readonly from?: string;
  readonly gapAfterHours?: number;
  readonly carryForwardHours?: number;
}

function addLimit(usage: Command): void {
  const hours = (name: string) => whole(name, 1, 8784);
  addCommand(usage, 'limit', {
    summary: 'set those limits of a kind of resource, from a day on',
    example: `
$ arcadia usage limit droplet --carry-forward-hours 24 --from 2026-06-01
From 2026-06-01 on, droplet: a gap after 6 hours, carried forward for 24 hours.`,
  })
    .argument('<kind>', "a kind of resource; '*' for every kind without limits of its own")
    .option('--from <day>', 'the first day on which it holds; by default today')
    .option('--gap-after-hours <n>', 'so long without a complete listing is a gap', hours('--gap-after-hours'))
    .option('--carry-forward-hours <n>', 'for so long usage is carried forward', hours('--carry-forward-hours'))
    .action(
      withSession(async (session, resourceKind: string, options: LimitOptions) => {
        const { from, gapAfterHours, carryForwardHours } = options;
        if (gapAfterHours === undefined && carryForwardHours === undefined) {
          throw new ArcadiaError('invalid_argument', 'Give --gap-after-hours, --carry-forward-hours or both.');
        }
        const asked = from === undefined ? null : parseDay(from, '--from');
        const { setObservationLimit } = await import('../../metering/finality/attestations.ts');
        const { dayOf } = await import('../../metering/period.ts');
        const { db, clock } = await session.database();
        const fromDay = asked ?? dayOf(await clock.now());
        const limit = await setObservationLimit(db, { resourceKind, fromDay, gapAfterHours, carryForwardHours });
        if (session.output.json) return session.output.value(limit);
        await session.output.text(
          `From ${limit.fromDay} on, ${limit.resourceKind}: a gap after ${plural(limit.gapAfterHours, 'hour')}, carried forward for ${plural(limit.carryForwardHours, 'hour')}.`,
        );
      }),
    );
}
