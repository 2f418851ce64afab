import { z } from 'zod';
import { declareList, type Operation, staff } from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { instantOut } from '../../platform/declare/schemas.ts';
import { readLatestEvents } from '../../platform/events.ts';

const listHappened = declareList({
  path: '/happened',
  name: 'event list',
  operationId: 'listHappened',
  tag: 'events',
  summary: 'What changed last, the newest first',
  description:
    'The events of the stream that are still kept, ten thousand or so, of the types that the role may receive. Each names the GETs that show what it is about.',
  roles: staff,
  row: z
    .object({
      eventId: z.int(),
      type: z.string().meta({ examples: ['sync.ended'] }),
      subject: z
        .string()
        .meta({ description: 'What it is about; empty: more than could be named', examples: ['acme/droplet'] }),
      at: instantOut,
      describes: z.string().meta({ examples: ['a kind of resource was listed, whole or not'] }),
      reads: z.array(z.string()).readonly().meta({ description: 'By operationId' }),
    })
    .meta({ id: 'Happened', description: 'Something that changed' }),
  search: { none: 'the last ten thousand changes, which only say what to ask for' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'the last ten thousand or so' },
  async run({ db, principal, program }, { limit, cursor }) {
    const types = new Map(
      program.events.filter(({ roles }) => roles.includes(principal.role)).map((event) => [event.type, event]),
    );
    const before = cursor === null ? null : Number(cursor);
    const rows = await readLatestEvents(db, [...types.keys()], { before, limit: limit + 1 });
    const items = rows.map(({ id, ...row }) => ({
      eventId: id,
      ...row,
      describes: types.get(row.type)?.describes ?? '',
      reads: types.get(row.type)?.reads ?? [],
    }));
    return pageOf(items, limit, ({ eventId }) => String(eventId));
  },
});

export const happenedOperations: readonly Operation[] = [listHappened];
