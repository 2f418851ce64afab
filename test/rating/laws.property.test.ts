import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSchema, type PlanVersion } from '../../src/pricing/plan.ts';
import { feesOfMonth } from '../../src/pricing/rating/base-fees.ts';
import type { RatedLine, RatedMonth, UsageLine } from '../../src/pricing/rating/rate-month.ts';
import { Decimal } from '../../src/platform/quantity.ts';
import { soakRuns, timeoutOf } from '../soak.ts';
import { rated } from './first-engine.ts';
import { firstDay, histories, type RandomHistory } from './histories.ts';

// The laws of rating, over random years of plans, versions, rhythms, pauses and usage.

const runs = { numRuns: soakRuns(100), endOnFailure: true };
const timeout = timeoutOf(600_000);
const months = Array.from({ length: 18 }, (_, index) => index);
const year = (history: RandomHistory) => months.map((month) => rated(history, month));
const sum = (lines: readonly RatedLine[]) => lines.reduce((all, { amount }) => all.plus(amount), new Decimal(0));
const versionOf = (line: RatedLine) => `${line.plan}@${line.planFrom}`;

/** The same history with other versions of its plans. */
function changed(history: RandomHistory, change: (version: PlanVersion) => PlanVersion): RandomHistory {
  const known = new Map<PlanVersion, PlanVersion>();
  const once = (version: PlanVersion) => {
    const made = known.get(version) ?? change(version);
    known.set(version, made);
    return made;
  };
  return { ...history, plans: history.plans.map((held) => ({ ...held, version: once(held.version) })) };
}
const withoutLimits = (version: PlanVersion): PlanVersion => ({ ...version, minimum: null, cap: null, discount: null });

describe('one adjustment, one base', () => {
  it(
    'what a version has on a bill is never below zero, and its discount never more than there is',
    () => {
      fc.assert(
        fc.property(histories, (history) => {
          for (const { lines } of year(history)) {
            for (const [, own] of Map.groupBy(lines, versionOf)) {
              expect(sum(own).isNegative() && !sum(own).isZero()).toBe(false);
              const adjusted = own.filter(({ kind }) => kind !== 'base_fee' && kind !== 'usage');
              for (const line of adjusted) {
                expect(line.kind === 'minimum').toBe(new Decimal(line.amount).isPositive());
                // What an adjustment is computed on is beside it.
                expect(own.length).toBeGreaterThan(adjusted.length);
              }
            }
          }
        }),
        runs,
      );
    },
    timeout,
  );

  it(
    '100 percent off leaves nothing of any bill, in any rhythm',
    () => {
      fc.assert(
        fc.property(histories, (history) => {
          const free = changed(history, (version) => ({ ...version, discount: { percent: '100', until: null } }));
          for (const { totals } of year(free)) {
            for (const { total } of totals) expect(total).not.toMatch(/[1-9]/);
          }
        }),
        runs,
      );
    },
    timeout,
  );
});

describe('an amount that is divided is a difference of a running total', () => {
  it(
    'all bills of a time together hold the same fees in advance and in arrears',
    () => {
      fc.assert(
        fc.property(histories, (history) => {
          // Ended before the last bill, so that no fee is still to come.
          const ended = history.plans.flatMap((held) => {
            const end = lastHour;
            return held.from < end ? [{ ...held, to: Math.min(held.to ?? end, end) }] : [];
          });
          const [advance, arrears] = (['advance', 'arrears'] as const).map((baseDue) => {
            const of = changed({ ...history, plans: ended }, (version) => ({ ...withoutLimits(version), baseDue }));
            const fees = year(of).flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'base_fee'));
            return [...Map.groupBy(fees, ({ currency }) => currency)]
              .map(([currency, all]) => `${currency} ${sum(all)}`)
              .sort();
          });
          expect(advance).toEqual(arrears);
        }),
        runs,
      );
    },
    timeout,
  );

  it('and the estimates of as many months as a fee is for are the fee', () => {
    const every = fc.constantFrom(['quarter', 3], ['year', 12], ['2 months', 2], ['7 months', 7]) as fc.Arbitrary<
      [string, number]
    >;
    fc.assert(
      fc.property(every, fc.nat({ max: 100_000 }), fc.nat({ max: 30 }), ([baseEvery, count], cents, first) => {
        const base = new Decimal(cents).div(100).toFixed(2);
        const version = planSchema.parse({
          plan: 'p',
          name: 'P',
          from: '2020-01-01',
          currency: 'USD',
          base,
          baseEvery,
          items: [],
        });
        const estimates = Array.from({ length: count }, (_, index) => {
          const month = firstDay.toPlainYearMonth().add({ months: first + index });
          const [from, to] = [month, month.add({ months: 1 })].map((of) =>
            of.toPlainDate({ day: 1 }).toZonedDateTime('UTC').toInstant(),
          ) as [Temporal.Instant, Temporal.Instant];
          return feesOfMonth([{ from, to, state: 'active', version }], month);
        });
        expect(
          estimates
            .flat()
            .reduce((all, { amount }) => all.plus(amount), new Decimal(0))
            .toFixed(2),
        ).toBe(base);
      }),
      { ...runs, numRuns: soakRuns(500) },
    );
  });
});

const lastHour = firstDay.add({ months: 16 }).toZonedDateTime('UTC').epochMilliseconds / 3_600_000;
const usageOf = ({ lines }: RatedMonth, plan: string, kind: string): UsageLine[] =>
  lines.filter(
    (line): line is UsageLine =>
      line.kind === 'usage' && line.plan === plan && line.billingKind === kind && line.model !== null,
  );

describe('carried out is carried in', () => {
  it(
    'from month to month, and from version to version within one',
    () => {
      fc.assert(
        fc.property(histories, (history) => {
          const all = year(history);
          for (const [index, month] of all.entries()) {
            const next = all[index + 1];
            for (const { plan, billingKind: kind } of month.lines.filter(
              (line): line is UsageLine => line.kind === 'usage',
            )) {
              const here = usageOf(month, plan, kind);
              for (const [position, line] of here.slice(1).entries()) {
                expect(line.carriedIn ?? '0').toBe(here[position]?.carriedOut ?? '0');
              }
              const [after] = next ? usageOf(next, plan, kind) : [];
              const versions = [
                ...new Set(month.lines.filter((line) => line.plan === plan && line.kind === 'usage').map(versionOf)),
              ];
              const last = here.at(-1);
              // The month's last version may not have the kind: then nothing goes over.
              const out = last && versionOf(last) === versions.at(-1) ? last.carriedOut : '0';
              if (after) expect(after.carriedIn ?? '0').toBe(out ?? '0');
            }
          }
        }),
        runs,
      );
    },
    timeout,
  );

  it(
    'no unit of allowance is used twice: what is left, used and lapsed is what there was',
    () => {
      fc.assert(
        fc.property(histories, (history) => {
          for (const month of year(history)) {
            for (const line of month.lines) {
              if (line.kind !== 'usage' || line.model === null) continue;
              const had = [line.allowance, line.fromEarlierPhase ?? '0', line.carriedIn ?? '0'].reduce(
                (all, one) => all.plus(one),
                new Decimal(0),
              );
              expect(had.gte(line.allowanceUsed)).toBe(true);
              expect(new Decimal(line.allowanceUsed).plus(line.billable).toFixed()).toBe(line.quantity);
              expect(new Decimal(line.billable).isZero() || had.eq(line.allowanceUsed)).toBe(true);
            }
          }
        }),
        runs,
      );
    },
    timeout,
  );
});

it(
  'a version that says the same from a month on changes what no fee and no usage costs',
  () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 14 }), (history, count) => {
        const plain = changed(history, withoutLimits);
        const cut = firstDay.add({ months: count });
        const at = cut.toZonedDateTime('UTC').epochMilliseconds / 3_600_000;
        const again = changed(plain, (version) =>
          Temporal.PlainDate.compare(version.from, cut) < 0 ? { ...version, from: cut } : version,
        );
        const split = plain.plans.flatMap((held, index) => {
          const later = again.plans[index] ?? held;
          if (held.from >= at) return [later];
          if (held.to !== null && held.to <= at) return [held];
          return [
            { ...held, to: at },
            { ...later, from: at },
          ];
        });
        const totals = (of: RandomHistory) => year(of).map((month) => JSON.stringify(month.totals));
        expect(totals({ ...plain, plans: split })).toEqual(totals(plain));
      }),
      runs,
    );
  },
  timeout,
);

it(
  'cutting a time in two that goes on changes nothing',
  () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 500 }), (history, days) => {
        const at = firstDay.add({ days }).toZonedDateTime('UTC').epochMilliseconds / 3_600_000;
        const split = history.plans.flatMap((held) =>
          held.from >= at || (held.to !== null && held.to <= at)
            ? [held]
            : [
                { ...held, to: at },
                { ...held, from: at },
              ],
        );
        const lines = (of: RandomHistory) => year(of).map((month) => JSON.stringify(month.lines));
        expect(lines({ ...history, plans: split })).toEqual(lines(history));
      }),
      runs,
    );
  },
  timeout,
);
