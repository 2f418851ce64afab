import { sql } from 'kysely';
import { z } from 'zod';
import { declareJob } from '../../../src/platform/declare/job.ts';
import { declareModule } from '../../../src/platform/declare/module.ts';
import { declareOperation } from '../../../src/platform/declare/operation.ts';
import { declareSettings, matching } from '../../../src/platform/declare/settings.ts';
import { declareError } from '../../../src/platform/errors.ts';
import { publishEvent } from '../../../src/platform/events.ts';

// A module as small as one can be, to show that a capability is one folder and one line.

const bellBroken = declareError({ code: 'bell_broken', status: 409, todo: 'Mend the bell.' });

export const bellsSettings = declareSettings<{ readonly bellTone: string }>({
  bellTone: {
    env: 'ARCADIA_BELL_TONE',
    purpose: 'the tone of the bell',
    allowed: 'a tone from a to g',
    schema: matching(/^[a-g]$/),
    fallback: () => 'c',
  },
});

const ringBellJob = declareJob({
  name: 'ring_bell',
  queue: 'bells',
  title: 'Rings the bell',
  arguments: z.object({ times: z.int() }),
  timeoutSeconds: 60,
  attemptsMax: 1,
  async run({ db, arguments: { times } }) {
    await db.transaction().execute(async (trx) => {
      await sql`SELECT ${times}::int`.execute(trx);
      await publishEvent(trx, 'bell.rang', String(times));
    });
  },
});

const ringBell = declareOperation({
  method: 'POST',
  path: '/bells/:bell/ring',
  name: 'bell ring',
  operationId: 'ringBell',
  tag: 'bells',
  summary: 'Ring a bell',
  roles: ['owner'],
  params: z.object({ bell: z.string().max(20) }),
  body: z.strictObject({ times: z.int().min(1).max(12).default(1) }),
  response: z.object({ bell: z.string(), times: z.int(), tone: z.string() }),
  async run({ db, params, body, config, enqueue }) {
    if (params.bell === 'broken')
      throw bellBroken('The bell is broken.', {
        next: { operation: 'bell ring', arguments: { bell: 'good', times: 1 } },
      });
    await db.transaction().execute((trx) => enqueue(trx, ringBellJob, { times: body.times }));
    return { bell: params.bell, times: body.times, tone: bellsSettings.of(config).bellTone };
  },
});

export const bellsModule = declareModule({
  name: 'bells',
  tags: [{ name: 'bells', description: 'What rings.' }],
  operations: [ringBell],
  jobs: [ringBellJob],
  queues: [{ name: 'bells', limit: 1, position: 99 }],
  schedule: [{ name: 'bells', cron: '0 * * * *', job: ringBellJob, arguments: { times: 3 } }],
  events: [{ type: 'bell.rang', subject: 'how often', describes: 'a bell rang', reads: ['listTokenRevocations'] }],
  errors: [bellBroken],
  settings: bellsSettings,
});
