import { type Command, Option } from 'commander';
import { whole } from '../engine/arguments.ts';
import { describeCommand, withSession } from '../engine/command.ts';
import { moment, table } from '../engine/output.ts';
import { addRangeOptions, describeRange, monthOf, parseRange, type RangeOptions } from '../engine/range.ts';
import { addUsageExplainCommand } from './usage-explain.ts';
import { addUsageStatusCommands } from './usage-status.ts';
import { addUsageStoreCommands } from './usage-store.ts';

export function addUsageCommands(program: Command): void {
  const usage = program
    .command('usage')
    .summary('what was used, how well that is known, and why it is so')
    .description('What was used, how well that is known, and why it is so. arcadia usage acme is usage show acme.');
  addShow(usage);
  addUsageExplainCommand(usage);
  addUsageStatusCommands(usage);
  addUsageStoreCommands(usage);
}

function addShow(usage: Command): void {
  // Of the group's commands the one that runs where none is named: `arcadia usage acme`.
  const command = describeCommand(usage.command('show', { isDefault: true }), {
    summary: 'what a deployment used, exactly, by billing kind',
    details:
      'Without a range: the current month. The sums hold what has been metered; every day before meteredThrough is in them. "show" may be left out.',
    example: `
$ arcadia usage show acme --month 2026-05
acme, May 2026 (UTC); every day before 2026-06-01 is metered.

KIND               QUANTITY  UNIT
dns_zones                 2  zone-month
droplet_hours          1488  hour
snapshot_gb_month        48  GiB-month`,
  })
    .argument('<deployment>', "the deployment's slug")
    .addOption(
      new Option(
        '--as-of-revision <n>',
        'as it was once that metering had written; arcadia meter runs lists them',
      ).argParser(whole('--as-of-revision', 1)),
    );
  addRangeOptions(command).action(
    withSession(async (session, slug: string, options: RangeOptions & { asOfRevision?: number }) => {
      const asked = parseRange(options, null);
      const { usageForPeriod } = await import('../../metering/usage.ts');
      const { usageAsOf } = await import('../../metering/runs.ts');
      const { listBillingKinds } = await import('../../metering/kinds.ts');
      const { dayOf } = await import('../../metering/period.ts');
      const { db, clock } = await session.database();
      const range = asked ?? monthOf(dayOf(await clock.now()));
      const answer =
        options.asOfRevision === undefined
          ? await usageForPeriod(db, slug, range.from, range.to)
          : await usageAsOf(db, slug, range, options.asOfRevision);
      if (session.output.json) return session.output.value(answer);

      const units = new Map((await listBillingKinds(db, range.from)).map((kind) => [kind.slug, kind.unit]));
      const known =
        'asOf' in answer
          ? `as of revision ${answer.asOfRevision}, ${moment(Temporal.Instant.from(answer.asOf))}.`
          : `every day before ${answer.meteredThrough} is metered.`;
      const heading = `${slug}, ${describeRange(range)}; ${known}`;
      const rows = Object.entries(answer.usage);
      if (rows.length === 0) {
        await session.output.text(heading);
        session.output.note(
          'Nothing was used. If that is a surprise: arcadia meter, then arcadia resource list --deployment',
        );
        return;
      }
      const lines = table(rows, [
        { header: 'kind', value: ([kind]) => kind },
        { header: 'quantity', value: ([, quantity]) => quantity, align: 'right' },
        { header: 'unit', value: ([kind]) => units.get(kind) ?? null },
      ]);
      await session.output.text(`${heading}\n\n${lines}`);
      session.output.note(`Why: arcadia usage explain ${slug} --kind ${rows[0]?.[0]}`);
    }),
  );
}
