import { expect, test } from 'vitest';
import { incompleteness } from './sync-runs.ts';

type Run = Parameters<typeof incompleteness>[0][number];

const run = (syncRunId: number, kind: string, outcome: Run['outcome']) =>
  ({ syncRunId, account: 'acme', kind, outcome, reason: null }) as Run;

test('of a kind the newest run that ended counts, whatever runs beside it or was cut off', () => {
  expect(incompleteness([run(3, 'project', 'complete'), run(1, 'project', 'running')])).toBeNull();
  expect(incompleteness([run(1, 'project', 'complete'), run(3, 'project', 'running')])).toBeNull();
  expect(incompleteness([run(3, 'project', 'running'), run(1, 'project', 'partial')])).toMatchObject({
    message: 'Not everything could be read: acme project (partial).',
  });
  expect(incompleteness([run(3, 'project', 'running')])).toMatchObject({
    message: 'Not everything could be read: acme project (running).',
  });
  expect(incompleteness([run(4, 'droplet', 'failed'), run(3, 'project', 'partial')])).toMatchObject({
    message: 'Not everything could be read: acme project (partial); acme droplet (failed).',
  });
});
