import { expect, test } from 'vitest';
import { makeBusiness } from './business.ts';

test('whatever the seed, each role has a deployment of its own, and nothing else happens to who leaves', () => {
  for (const customers of [26, 104]) {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const { cast, deployments } = makeBusiness(customers, seed);
      const all = Object.values(cast);
      expect(new Set(all).size).toBe(10);
      expect(all.every((one) => deployments.includes(one) && one.startsOn === '2026-05-01')).toBe(true);
      expect(all.filter(({ customer }) => customer === cast.leaver.customer)).toEqual([cast.leaver]);
      expect([cast.leaver.droplets > 1, cast.mover.droplets > 2, cast.late.droplets > 1]).toEqual([true, true, true]);
    }
  }
});
