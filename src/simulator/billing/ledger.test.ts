import { expect, test } from 'vitest';
import { fleetEvent } from '../events.ts';
import { fleets } from '../fleets/index.ts';
import { DAY, HOUR } from '../time.ts';
import { Timeline } from '../timeline.ts';
import { unbilled } from './charges.ts';

test('nothing is written down before a bill is asked for, and then as if it had always been', () => {
  for (const [script, seed] of [
    [fleets.agency(3), 3],
    [fleets.hoster(3, 400), 3],
  ] as const) {
    const asked = new Timeline(script, seed, script.start);
    const never = new Timeline(script, seed, script.start);
    expect(asked.ledger.charges.length).toBeGreaterThan(100);
    for (const timeline of [asked, never]) {
      for (let step = 1; step <= 20; step++) {
        timeline.advanceTo(script.start + step * 3 * DAY + step * HOUR);
        const event = { type: 'create_droplet', name: `by-hand-${step}`, seconds: 4_000 } as const;
        const id = timeline.happen(fleetEvent.parse(event));
        timeline.happen(fleetEvent.parse({ type: 'destroy', kind: 'droplet', id, seconds: step * 1_000 }));
      }
    }
    expect(never.world.charges).toBe(unbilled);
    const { charges, backups } = never.ledger;
    expect(charges).toEqual(asked.ledger.charges);
    expect(backups).toEqual(asked.ledger.backups);
    expect(never.world.charges).toBe(never.ledger);
  }
});
