import { z } from 'zod';
import { eventState, getSource, interpretJob, replayEvents } from '../../gateway/index.ts';
import { startOfDay } from '../../metering/index.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { day, decimalOut, slug } from '../../platform/declare/schemas.ts';
import { previewGatewayReplay } from '../gateway-replay.ts';
import { movedMoney } from './moved-money.ts';

const replayFigures = z.object({
  states: z.array(z.object({ state: eventState, events: z.int() })).readonly(),
  meters: z
    .array(
      z.object({
        meter: z.string().meta({ examples: ['gateway_requests'] }),
        events: z.int(),
        value: decimalOut.meta({
          description: 'Not in units: the sum; of a max and a gauge the greatest; of unique the distinct keys',
        }),
      }),
    )
    .readonly(),
});

export const replayGatewayEvents = declareOperation({
  method: 'POST',
  path: '/gateway/sources/:source/replay',
  name: 'gateway replay',
  operationId: 'replayGatewayEvents',
  tag: 'gateway',
  summary: 'Interpret events of a range again',
  description:
    'Usage is derived from events: it becomes what they say, and where nothing is otherwise, nothing is written.',
  roles: ['owner', 'operator'],
  params: z.object({ source: slug }),
  body: z.strictObject({
    from: day.meta({ description: 'First UTC day' }),
    to: day.meta({ description: 'First UTC day after the range: not in it', examples: ['2026-06-01'] }),
    type: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/)
      .default('*')
      .meta({ description: 'A type of event, or a pattern with *' }),
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; say what it would be' }),
  }),
  status: 202,
  response: z.object({
    source: slug,
    preview: z
      .object({
        events: z.int().meta({ description: 'How many were interpreted again to look at it; at most 100,000' }),
        beyond: z.int().meta({
          description: 'How many more are in the range, of which this says nothing; 1000000: that many or more',
        }),
        before: replayFigures,
        after: replayFigures,
        money: movedMoney,
      })
      .nullable()
      .meta({ description: 'Of a dry run' }),
  }),
  followedBy: [interpretJob],
  async run({ db, params: { source: name }, body: { from, to, type, dryRun }, now, signal, follow }) {
    const source = await getSource(db, name);
    const replay = { type, from: startOfDay(from), to: startOfDay(to) };
    if (dryRun) return { source: name, preview: await previewGatewayReplay(db, source, replay, { now, signal }) };
    await replayEvents(db, source, replay);
    await db.transaction().execute((trx) => follow(trx, interpretJob, { source: name }));
    return { source: name, preview: null };
  },
});

export const gatewayReplayOperations: readonly Operation[] = [replayGatewayEvents];
