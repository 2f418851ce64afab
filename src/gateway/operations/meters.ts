import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, type Operation, staff } from '../../platform/declare/operation.ts';
import { dayOut } from '../../platform/declare/schemas.ts';
import * as meters from '../meters.ts';

const path = z.array(z.string()).nullable();

export const listGatewayMeters = declareList({
  path: '/gateway/meters',
  name: 'gateway meter list',
  operationId: 'listGatewayMeters',
  tag: 'gateway',
  summary: 'Which events count, how, and since when',
  description: 'Each feeds the meter of its name, which says what one unit is.',
  roles: staff,
  row: z
    .object({
      meter: z.string().meta({ examples: ['gateway_requests'] }),
      fromDay: dayOut,
      aggregation: z.enum(['sum', 'count', 'max', 'unique', 'gauge']),
      type: z.string().meta({ description: 'Of the events; a pattern with *', examples: ['request'] }),
      filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      valuePath: path.meta({ description: 'Where in the data', examples: [['requests']] }),
      keyPath: path,
      subjectPath: path.meta({ description: "null: the event's own subject" }),
      subjectPrefix: z.string(),
    })
    .meta({ id: 'GatewayMeter', description: 'What a meter counts, from a day on' }),
  search: { in: 'the meter and the type' },
  sort: { by: ['meter', 'type'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(await meters.listMeters(db), page, (row) => [row.meter, row.fromDay], {
      texts: (row) => [row.meter, row.type],
      sorts: { type: ({ type }) => type },
    });
  },
});

export const meterOperations: readonly Operation[] = [listGatewayMeters];
