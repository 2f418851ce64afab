import { afterAll, expect, test } from 'vitest';
import { soaking } from '../soak.ts';
import { answerOf, arcadia, makeFolder } from './arcadia.ts';

const folder = makeFolder();
afterAll(folder.remove);

/** 241 syncs of all kinds over HTTP: a minute, on a machine that has other work. */
const patience = 900_000;

test('demo pilot: ten days of two droplets, two zones and three snapshots', {
  timeout: 2 * patience,
}, async () => {
  const run = () => arcadia(['demo', 'pilot', '--json'], { env: { ARCADIA_DATA_DIR: folder.path } });
  const first = await run();
  expect(answerOf(first)).toMatchObject({
    usageRecords: 70,
    usage: { droplet_hours: '480', dns_zones: '0.64516129', droplet_snapshot_gb_month: '15.483870968' },
    quote: { plan: 'studio', currency: 'USD', base: '50.00', overage: '0.00', total: '50.00' },
  });
  expect(first.stderr).toContain('Metering');
  // Minutes on a busy machine: `npm test` runs it once.
  if (soaking) expect((await run()).stdout).toBe(first.stdout);
});
