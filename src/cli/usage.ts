import type { Command } from 'commander';
import { addCommand, withSession } from './command.ts';
import { table } from './output.ts';
import { addRangeOptions, describeRange, monthOf, parseRange, type RangeOptions } from './range.ts';

export function addUsageCommand(program: Command): void {
  const command = addCommand(program, 'usage', {
    summary: 'what a deployment used, exactly, by billing kind',
    details:
      'Without a range: the current month. The sums hold what has been metered; every day before meteredThrough is in them.',
    example: `
$ arcadia usage acme --month 2026-05
acme, May 2026 (UTC); every day before 2026-06-01 is metered.

KIND               QUANTITY  UNIT
dns_zones                 2  zone-month
droplet_hours          1488  hour
snapshot_gb_month        48  GiB-month`,
  }).argument('<deployment>', "the deployment's slug");
  addRangeOptions(command).action(
    withSession(async (session, slug: string, options: RangeOptions) => {
      const asked = parseRange(options, null);
      const { usageForPeriod } = await import('../metering/usage.ts');
      const { listBillingKinds } = await import('../metering/kinds.ts');
      const { dayOf } = await import('../metering/period.ts');
      const { db, clock } = await session.database();
      const range = asked ?? monthOf(dayOf(await clock.now()));
      const answer = await usageForPeriod(db, slug, range.from, range.to);
      if (session.output.json) return session.output.value(answer);

      const units = new Map((await listBillingKinds(db, range.from)).map((kind) => [kind.slug, kind.unit]));
      const heading = `${slug}, ${describeRange(range)}; every day before ${answer.meteredThrough} is metered.`;
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
    }),
  );
}
