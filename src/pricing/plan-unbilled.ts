import { dayOf, unmeteredKinds } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import type { PlanVersion } from './plan.ts';
import { planMonths, subscribers } from './plan-impact.ts';
import type { PlanWarning } from './plan-warnings.ts';
import { describeUnbilled, enableFrom, type UnbilledPart, unbilledParts } from './unbilled.ts';
import { UsageSums } from './usage-sums.ts';

/**
 * Where a plan version and metering do not match: each of its items whose kind is not metered, with what that
 * leaves unbilled, and what is used and has no price on it. In money it is what all deployments on the plan used
 * in the last complete month and in the current one to date, as if the version had held.
 */
export async function warnAboutUnbilled(
  db: Database,
  version: PlanVersion,
  now: Temporal.Instant,
): Promise<PlanWarning[]> {
  const today = dayOf(now);
  const months = planMonths(now);
  const first = months[0].toPlainDate({ day: 1 });
  const from = Temporal.PlainDate.compare(version.from, first) > 0 ? version.from : first;
  const to = Temporal.PlainDate.compare(from, today) < 0 ? today : from.add({ days: 1 });
  const off = (await unmeteredKinds(db, { from, to })).filter(({ kind }) =>
    version.items.some((item) => item.kind === kind),
  );

  const sums = new UsageSums(db);
  const parts: UnbilledPart[] = [];
  for await (const deployments of subscribers(db, version.plan, months[0], now)) {
    for (const month of months) {
      const found = await unbilledParts(db, {
        deployments,
        month,
        through: today,
        sums,
        change: (timeline) =>
          timeline.map((phase) => (phase.version.plan === version.plan ? { ...phase, version } : phase)),
      });
      parts.push(...found.filter(({ plan }) => plan === version.plan));
    }
  }
  const unbilled = await describeUnbilled(db, parts, today);
  const since = `That is from ${first} to ${today}.`;
  return [
    ...off.map(({ kind }): PlanWarning => {
      const found = unbilled.find((one) => one.reason === 'not_metered' && one.kind === kind);
      return {
        code: 'not_metered',
        path: ['items', version.items.findIndex((item) => item.kind === kind)],
        message:
          found === undefined
            ? `${kind} is priced on plan ${version.plan} and not metered: its use will not be billed. No deployment on the plan used any from ${first} to ${today}.`
            : `${found.message} ${since}`,
        next: enableFrom(kind, version.from),
      };
    }),
    ...unbilled
      .filter(({ reason }) => reason === 'no_price')
      .map(({ message, next }): PlanWarning => ({ code: 'no_price', path: [], message: `${message} ${since}`, next })),
  ];
}
