import { z } from 'zod';
import { paceMax, readSimulation, setPace } from '../clock.ts';
import { declareOperation, type Operation, staff } from '../declare/operation.ts';
import { instantOut } from '../declare/schemas.ts';

const clock = z
  .object({
    now: instantOut.meta({ description: 'The time of the accounts: simulated, where they are' }),
    simulated: z.boolean(),
    runsTo: instantOut
      .nullable()
      .meta({ description: 'Until when the history of a demonstration is being created; null: it is there' }),
    pace: z
      .int()
      .meta({ description: 'Simulated seconds in a second, while somebody watches; 0: it stands still, 1: real time' }),
  })
  .meta({ id: 'Clock', description: 'What the clock of the accounts shows' });

export const showClock = declareOperation({
  method: 'GET',
  path: '/clock',
  name: 'clock show',
  operationId: 'getClock',
  tag: 'clock',
  summary: 'What the clock of the accounts shows, and how fast it goes',
  roles: staff,
  response: clock,
  async run({ db, now }) {
    const simulation = await readSimulation(db);
    return {
      now,
      simulated: simulation !== null,
      runsTo: simulation?.runsTo ?? null,
      pace: simulation?.pace ?? 1,
    };
  },
});

export const setClock = declareOperation({
  method: 'PATCH',
  path: '/clock',
  name: 'clock set',
  operationId: 'setClock',
  tag: 'clock',
  summary: 'Set how fast a simulated clock goes',
  description:
    'It goes while the program serves the dashboard and somebody has it open; the schedule runs in its time. A real clock is refused (not_simulated).',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    pace: z
      .int()
      .min(0)
      .max(paceMax)
      .meta({ description: 'Simulated seconds in a second; 0: it stands still, 360: an hour in ten seconds' }),
  }),
  response: clock,
  async run({ db, now, body: { pace } }) {
    await setPace(db, pace);
    return { now, simulated: true, runsTo: (await readSimulation(db))?.runsTo ?? null, pace };
  },
});

export const clockOperations: readonly Operation[] = [showClock, setClock];
