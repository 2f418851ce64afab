import { Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Chip, Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Empty } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import { type CustomerSearch, useCustomerSearch } from './search.ts';
import { kindWord } from './words.ts';

const pageSize = 100;

function queryOf({ q, kind, deployment, cursor }: CustomerSearch) {
  return {
    ...(q === undefined ? {} : { q }),
    ...(kind === undefined ? {} : { kind }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** What is there now, and since when? */
export function WhatYouHave() {
  const search = useCustomerSearch();
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const query = queryOf(search);
  const page = useRead(
    ['listOwnedResources', query],
    (signal) =>
      bodyOf(
        api.GET('/owned-resources', {
          params: { query: { ...query, limit: pageSize } },
          headers: { accept: 'application/json' },
          signal,
        }),
      ),
    { keepsPrevious: true },
  );
  const { cursor: _cursor, ...filters } = query;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{page.data === undefined ? 'What you have' : sentenceOf(page.data.kinds)}</h1>
        <Csv path="/owned-resources" query={filters} file="resources" />
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Name" />
        <Chip name="kind" value={undefined} chosen={search.kind}>
          All
        </Chip>
        {(page.data?.kinds ?? []).map(({ kind, resources }) => (
          <Chip key={kind} name="kind" value={kind} chosen={search.kind}>
            {kindWord(kind, resources)} {resources}
          </Chip>
        ))}
        {search.deployment === undefined ? null : (
          <Chip name="deployment" value={undefined} chosen="">
            {search.deployment} ×
          </Chip>
        )}
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={12}
        empty={<Nothing isFiltered={Object.keys(filters).length > 0} />}
      >
        {({ items }) => <OwnedTable items={items} now={now} />}
      </Listed>
    </div>
  );
}

function OwnedTable({ items, now }: { readonly items: readonly Schemas['OwnedResource'][]; readonly now: string }) {
  return (
    <DataTable label="What you have" isCards>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">What</th>
          <th scope="col">State</th>
          <th scope="col">Deployment</th>
          <th scope="col">Since</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ deployment, deploymentName, resourceId, kind, name, status, from, weight, weightTotal }) => (
          <tr key={`${deployment} ${resourceId}`} data-row="">
            <th scope="row">
              <span className={styles.name}>{name}</span>
            </th>
            <td className={styles.aside}>{kindWord(kind, 1)}</td>
            <td className={styles.spare}>{status ?? '–'}</td>
            <td className={styles.spare}>{deploymentName}</td>
            <td className={styles.spare}>{day(from, now)}</td>
            <td className={styles.spare}>{weight === weightTotal ? 'all' : `${weight} of ${weightTotal}`}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function sentenceOf(kinds: readonly { readonly kind: string; readonly resources: number }[]): string {
  if (kinds.length === 0) return 'You have nothing running.';
  const parts = kinds
    .toSorted((a, b) => b.resources - a.resources)
    .map(({ kind, resources }) => `${resources} ${kindWord(kind, resources).toLowerCase()}`);
  const shown = parts.slice(0, 3);
  return `You have ${shown.join(', ')}${parts.length > shown.length ? ', and more' : ''}.`;
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  return (
    <Empty title={isFiltered ? 'Nothing matches.' : 'Nothing is running for you now.'}>
      {isFiltered ? <Link to="/have">Clear the filters</Link> : <p>What starts appears here within hours.</p>}
    </Empty>
  );
}
