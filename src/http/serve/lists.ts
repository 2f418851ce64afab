import { Readable } from 'node:stream';
import { type List, pageBody, pageOfList } from '../../platform/declare/answer.ts';
import { csvColumnsOf, csvOfPages } from '../../platform/declare/csv-pages.ts';
import { unsealCursor } from '../../platform/declare/cursors.ts';
import { inTime, lifeOf } from './deadline.ts';
import { csvPageSize } from './limits.ts';
import { chooseType } from './negotiation.ts';
import { inputReader, pageRequestOf } from '../../platform/declare/input.ts';
import { csvType, type Handler, jsonType, openCall, rawInputOf, type Serving, withoutBody } from './serving.ts';

// How a declared list is served: a page of JSON, or all of it as CSV, page after page.

export function listHandler(route: List, serving: Serving): Handler {
  const readParts = inputReader(route);
  const columns = csvColumnsOf(route);
  return async (request, reply, principal) => {
    const type = chooseType(request.headers.accept, [jsonType, csvType]);
    const parts = readParts(rawInputOf(request));
    const life = lifeOf(request, reply, serving);
    const scope = { operationId: route.operationId, principal, filters: parts.filters };
    const { cursor: sealed } = parts.page;
    const cursor = sealed === undefined ? null : unsealCursor(serving.secretKey, scope, sealed);
    const call = await life.within(() => openCall(serving, { request, reply }, principal, parts, life));
    const read = (limit: number, at: string | null) =>
      pageOfList(route, call, { ...pageRequestOf(route, parts.page, at), limit });

    if (type === jsonType) {
      const page = await life.within(() => read(parts.page.limit, cursor));
      return reply.type(jsonType).send(JSON.stringify(pageBody(page, serving.secretKey, scope)));
    }
    const rowsMax = parts.isLimitGiven ? parts.page.limit : serving.limits.csvRowsMax;
    // The first page before the first byte: what is wrong with a request is told as a problem.
    const first = await life.within(() => read(Math.min(rowsMax, csvPageSize), cursor));
    if (request.method === 'HEAD') return reply.type(csvType).send(withoutBody());
    const rows = { max: rowsMax, isCutAllowed: parts.isLimitGiven, pageSize: csvPageSize };
    const lines = csvOfPages(columns, first, rows, read);
    reply.header('content-disposition', `attachment; filename="${fileNameOf(route)}"`);
    return reply.type(csvType).send(Readable.from(inTime(life, lines), { objectMode: false, highWaterMark: 65_536 }));
  };
}

/** `listUsage` is saved as usage.csv. */
function fileNameOf(route: List): string {
  const name = route.operationId.replace(/^list/, '').replace(/(?<=[a-z])(?=[A-Z])/g, '-');
  return `${name.toLowerCase()}.csv`;
}
