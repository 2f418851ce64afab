import { useSearch } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { Listed } from '../lists/parts.tsx';
import { money } from '../ui/decimal.ts';
import { States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { Facets } from './Facets.tsx';
import { FilterLine } from './FilterLine.tsx';
import styles from './inventory.module.css';
import { NoResources, ResourceTable } from './ResourceTable.tsx';
import { filtersOf, type InventorySearch } from './search.ts';

const pageSize = 50;

function readPage(search: InventorySearch, signal: AbortSignal) {
  const { sort, order, cursor } = search;
  const query = {
    ...filtersOf(search),
    ...(sort === undefined ? {} : { sort }),
    ...(order === undefined ? {} : { order }),
    ...(cursor === undefined ? {} : { cursor }),
    limit: pageSize,
  };
  return bodyOf(api.GET('/resources', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

function readSummary(search: InventorySearch, signal: AbortSignal) {
  return bodyOf(api.GET('/resources/summary', { params: { query: filtersOf(search) }, signal }));
}

export type ResourceRow = Awaited<ReturnType<typeof readPage>>['items'][number];
export type Summary = Awaited<ReturnType<typeof readSummary>>;

/** What do we pay for, whose is it, since when? */
export function Inventory() {
  const search = useSearch({ from: '/resources' });
  const { m: _month, why: _why, ...own } = search;
  const { sort: _sort, order: _order, cursor: _cursor, ...filters } = own;
  const page = useRead(['listResources', own], (signal) => readPage(own, signal), { keepsPrevious: true });
  const summary = useRead(['getResourcesSummary', filters], (signal) => readSummary(filters, signal), {
    keepsPrevious: true,
  });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{summary.data === undefined ? 'Inventory' : sentenceOf(summary.data, own)}</h1>
        <CsvLink search={own} />
      </header>
      <aside className={styles.facets} aria-label="Filters">
        <States query={summary} rows={10}>
          {(data) => <Facets summary={data} search={own} />}
        </States>
      </aside>
      <section className={styles.list} aria-label="Resources">
        <FilterLine search={own} />
        <Listed
          query={page}
          cursor={own.cursor}
          total={summary.data?.total}
          rows={16}
          empty={<NoResources search={own} />}
          held={{ keyOf: ({ resourceId }) => String(resourceId), list: JSON.stringify(own) }}
        >
          {({ items }, left) => <ResourceTable items={items} left={left} search={own} summary={summary.data ?? null} />}
        </Listed>
      </section>
    </div>
  );
}

/** The first line: how many, and what they cost. */
function sentenceOf(
  { total: count, exact, costPerMonth, unpriced }: Summary,
  { ended, owner }: InventorySearch,
): string {
  const total = exact ? `${count}` : `About ${count}`;
  const noun = count === 1 ? 'resource' : 'resources';
  const what = `${ended === undefined ? '' : 'ended '}${noun}${owner === 'none' ? ', unassigned' : ''}`;
  const cost = costPerMonth.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(' and ');
  const unknown = unpriced === 0 ? '' : `; the price of ${unpriced} is not known`;
  return cost === '' ? `${total} ${what}.` : `${total} ${what}, about ${cost} a month${unknown}.`;
}

/** All of the list as it is filtered, by a plain link: the browser writes it to a file as it comes. */
function CsvLink({ search }: { readonly search: InventorySearch }) {
  const text = new URLSearchParams();
  const { sort, order } = search;
  for (const [name, value] of Object.entries({ ...filtersOf(search), sort, order }))
    for (const each of [value].flat()) if (each !== undefined) text.append(name, String(each));
  const query = text.toString();
  return (
    <a className={ui.button} href={`/api/v1/resources.csv${query === '' ? '' : `?${query}`}`} download="resources.csv">
      CSV
    </a>
  );
}
