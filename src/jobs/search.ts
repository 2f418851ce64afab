import type { Queryable } from '../platform/database/database.ts';
import type { SearchHit, SearchText } from '../platform/search.ts';
import { readJobs } from './store.ts';

/** By its id alone. */
export async function searchJobs(db: Queryable, { text }: SearchText): Promise<SearchHit[]> {
  if (!/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text)) return [];
  const found = await readJobs(db, { ids: [text] }, 1);
  return found.map(({ id, job, queue, state }) => ({ id, title: job, detail: `${queue}, ${state}`, match: 'exact' }));
}
