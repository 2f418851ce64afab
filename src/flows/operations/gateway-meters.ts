import { z } from 'zod';
import { interpretJob, listSources, meterOtherwise, metersFileSchema } from '../../gateway/index.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { dayOut } from '../../platform/declare/schemas.ts';
import { applyGatewayMeters } from '../gateway-meters.ts';

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

export const gatewayMeterOperations: readonly Operation[] = [applyGatewayMetersOperation];
