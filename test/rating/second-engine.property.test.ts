import fc from 'fast-check';
import { expect, it } from 'vitest';
import { monthBill } from './first-engine.ts';
import { histories } from './histories.ts';
import { billOf } from './second-engine.ts';
import { soaking, soakRuns, timeoutOf } from '../soak.ts';

it(
  'two engines that share nothing bill the same',
  () => {
    fc.assert(
      fc.property(histories, (history) => {
        for (const month of history.months)
          expect(monthBill(history, month)).toEqual(billOf(history, month + 2023 * 12 + 9));
      }),
      { numRuns: soakRuns(soaking ? 5000 : 1000), seed: 20_231_001, endOnFailure: true },
    );
  },
  timeoutOf(600_000),
);
