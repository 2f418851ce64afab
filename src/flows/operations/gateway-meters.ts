import { z } from 'zod';
import { interpretJob, listSources, meterOtherwise, metersFileSchema } from '../../gateway/index.ts';
import { declareDocument, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { day, dayOut, decimalOut } from '../../platform/declare/schemas.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import { applyGatewayMeters, exportGatewayMeters, previewGatewayMeters } from '../gateway-meters.ts';

const example = {
  meters: [
    {
      meter: 'gateway_requests',
      title: 'Requests',
      unit: 'request',
      type: 'request',
      aggregation: 'sum',
      value: '/requests',
      from: '2026-05-01',
    },
  ],
};

export const applyGatewayMetersOperation = declareOperation({
  method: 'POST',
  path: '/gateway/meters',
  name: 'gateway meter apply',
  operationId: 'applyGatewayMeters',
  tag: 'gateway',
  summary: 'Have events count by the meters of a file, each from a day on, all or none',
  description:
    'Each is a meter of its own (`kind list`), which plans can price. `sum`, `count`, `max`, `unique` and `gauge` add up ' +
    'over days and owners; averages and least values do not, and are refused. What came before is interpreted again.',
  roles: ['owner', 'operator'],
  command: { file: true },
  body: metersFileSchema.meta({ examples: [example] }),
  refuses: [meterOtherwise],
  response: z.object({
    meters: z.array(
      z.object({
        meter: z.string().meta({ examples: ['gateway_requests'] }),
        from: dayOut,
        changed: z.boolean().meta({ description: 'false: it was so already' }),
      }),
    ),
  }),
  followedBy: [interpretJob],
  async run({ db, body, now, follow }) {
    const meters = await applyGatewayMeters(db, body.meters, now);
    if (meters.some(({ changed }) => changed)) {
      const sources = await listSources(db);
      await db.transaction().execute(async (trx) => {
        for (const { source } of sources) await follow(trx, interpretJob, { source });
      });
    }
    return { meters };
  },
});

export const previewGatewayMetersOperation = declareOperation({
  method: 'POST',
  path: '/gateway/meters/preview',
  name: 'gateway meter preview',
  operationId: 'previewGatewayMeters',
  tag: 'gateway',
  summary: 'What the meters of a file would have counted in the last seven days',
  roles: ['owner', 'operator'],
  command: { file: true },
  asks: true,
  body: metersFileSchema.meta({ examples: [example] }),
  refuses: [meterOtherwise],
  response: z.object({
    meters: z.array(
      z.object({
        meter: z.string().meta({ examples: ['gateway_requests'] }),
        from: dayOut,
        changed: z.boolean(),
        events: z.int().meta({ description: 'How many count' }),
        subjects: z.int().meta({ description: 'What they are about' }),
        value: decimalOut.meta({
          description: 'Not in units: the sum; of a max and a gauge the greatest; of unique the distinct keys',
        }),
        dead: z.int().meta({ description: 'How many the meter cannot count' }),
      }),
    ),
  }),
  // It rolls back a transaction of its own.
  prepare: ({ db, body, now }) => previewGatewayMeters(db, body.meters, now),
  run: async (_call, meters) => ({ meters: meters.map((one) => ({ ...one })) }),
});

export const exportGatewayMetersOperation = declareDocument({
  path: '/gateway/meters/export',
  name: 'gateway meter export',
  operationId: 'exportGatewayMeters',
  tag: 'gateway',
  summary: 'The gateway meters as they stand on a day, as a file of meters',
  description: 'Applied again it changes nothing.',
  roles: staff,
  query: z.object({ at: day.optional().meta({ description: 'Today unless given' }) }),
  produces: ['application/yaml'],
  async run({ db, query, now }) {
    const meters = await exportGatewayMeters(db, query.at ?? now.toZonedDateTimeISO('UTC').toPlainDate());
    return { type: 'application/yaml', body: listText('meters', meters), filename: 'gateway-meters.yaml' };
  },
});

export const gatewayMeterOperations: readonly Operation[] = [
  applyGatewayMetersOperation,
  previewGatewayMetersOperation,
  exportGatewayMetersOperation,
];
