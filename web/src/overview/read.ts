import { api, bodyOf } from '../api/client.ts';
import type { OverviewDocument } from './document.ts';

export function readOverview(month: string, signal: AbortSignal): Promise<OverviewDocument> {
  return bodyOf(
    api.GET('/overview', { params: { query: { month } }, signal } as never),
  ) as unknown as Promise<OverviewDocument>;
}
