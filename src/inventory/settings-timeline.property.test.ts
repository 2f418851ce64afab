import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BelievedSettings, correctSettings } from './settings-timeline.ts';

// A droplet whose backups are switched at random, seen now and then, each action told: what is believed at every
// minute is what was so, and doing it again corrects nothing.

const minutes = 120;
const at = (minute: number) => Temporal.Instant.fromEpochMilliseconds(minute * 60_000);

/** What is believed once the corrections are written. */
function apply(believed: readonly BelievedSettings[], corrections: readonly BelievedSettings[]): BelievedSettings[] {
  const valueAt = (minute: number) => {
    const instant = at(minute);
    const holds = ({ from, to }: BelievedSettings) =>
      Temporal.Instant.compare(from, instant) <= 0 && (to === null || Temporal.Instant.compare(instant, to) < 0);
    return (corrections.find(holds) ?? believed.find(holds))?.settings.backups;
  };
  const rows: BelievedSettings[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    const backups = valueAt(minute);
    const last = rows.at(-1);
    if (last !== undefined && last.settings.backups === backups) continue;
    if (last !== undefined) rows[rows.length - 1] = { ...last, to: at(minute) };
    rows.push({ from: at(minute), to: null, settings: { backups }, hidden: [] });
  }
  return rows;
}

test('what is believed is what was so, and doing it again corrects nothing', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.uniqueArray(fc.integer({ min: 1, max: minutes / 2 - 1 }), { maxLength: 8 }),
      fc.uniqueArray(fc.integer({ min: 0, max: minutes / 2 }), { minLength: 1, maxLength: 6 }),
      (first, switchedAt, seenAt) => {
        // Never at the same minute: of one instant nobody tells the order.
        const switches = switchedAt.map((minute) => minute * 2 + 1).sort((a, b) => a - b);
        const looks = [...new Set([...seenAt.map((minute) => minute * 2), minutes])].sort((a, b) => a - b);
        const truth = (minute: number) => switches.filter((each) => each <= minute).length % 2 === (first ? 0 : 1);
        const believed: BelievedSettings[] = [];
        for (const [index, look] of looks.entries()) {
          const from = at(index === 0 ? 0 : look);
          const backups = truth(look);
          if (believed.at(-1)?.settings.backups === backups) continue;
          const last = believed.pop();
          if (last !== undefined) believed.push({ ...last, to: from });
          believed.push({ from, to: null, settings: { backups }, hidden: [] });
        }
        const actions = switches.map((minute) => ({
          type: truth(minute) ? 'enable_backups' : 'disable_backups',
          completedAt: at(minute),
        }));
        const sightings = looks.map(at);
        const corrected = apply(believed, correctSettings(believed, sightings, actions));
        for (let minute = 0; minute <= minutes; minute++) {
          const row = corrected.findLast(({ from }) => Temporal.Instant.compare(from, at(minute)) <= 0);
          expect([minute, row?.settings.backups]).toEqual([minute, truth(minute)]);
        }
        expect(correctSettings(corrected, sightings, actions)).toEqual([]);
      },
    ),
  );
});

test('a backup policy is there where backups are, as it is seen next', () => {
  const weekly = { backups: true, 'backup_policy/plan': 'weekly' };
  const daily = { backups: true, 'backup_policy/plan': 'daily' };
  const believed = [
    { from: at(0), to: at(60), settings: weekly, hidden: [] },
    { from: at(60), to: null, settings: daily, hidden: [] },
  ];
  const actions = [
    { type: 'disable_backups', completedAt: at(20) },
    { type: 'enable_backups', completedAt: at(40) },
  ];
  expect(correctSettings(believed, [at(0), at(60)], actions)).toEqual([
    { from: at(20), to: at(40), settings: { backups: false }, hidden: [] },
    { from: at(40), to: at(60), settings: daily, hidden: [] },
  ]);
});
