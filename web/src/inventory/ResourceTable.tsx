import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Money, Unknown } from '../ui/Figure.tsx';
import { Empty } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { ResourceRow, Summary } from './Inventory.tsx';
import own from './inventory.module.css';
import type { InventorySearch, Sort } from './search.ts';

interface ResourceTableProps {
  readonly items: readonly ResourceRow[];
  /** Ids of those that have left the list. */
  readonly left: ReadonlySet<string>;
  readonly search: InventorySearch;
  readonly summary: Summary | null;
}

export function ResourceTable({ items, left, search, summary }: ResourceTableProps) {
  const now = summary?.asOf ?? items[0]?.since ?? '';
  return (
    <DataTable label="Resources" isCards>
      <thead>
        <tr>
          <Head sort="name" search={search}>
            Name
          </Head>
          <Head sort="kind" search={search}>
            Kind
          </Head>
          <th scope="col">Owner</th>
          <th scope="col">State</th>
          <th scope="col">Region</th>
          <Head sort="since" search={search}>
            Since
          </Head>
          <th scope="col" className={styles.figure}>
            Cost a month
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row key={item.resourceId} item={item} now={now} hasLeft={left.has(String(item.resourceId))} />
        ))}
      </tbody>
    </DataTable>
  );
}

interface HeadProps {
  readonly sort: Sort;
  readonly search: InventorySearch;
  readonly children: ReactNode;
}

/** A column's head, by which the list is sorted. */
function Head({ sort, search, children }: HeadProps) {
  const isSorted = search.sort === sort;
  const isDown = search.order === 'desc';
  const goesDown = isSorted && !isDown;
  return (
    <th scope="col" aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : 'none'}>
      <Link
        to="/resources"
        search={({ cursor: _first, order: _order, ...rest }) => ({
          ...rest,
          sort,
          ...(goesDown ? { order: 'desc' as const } : {}),
        })}
      >
        {children} <span aria-hidden="true">{isSorted ? (isDown ? '↓' : '↑') : ''}</span>
      </Link>
    </th>
  );
}

interface RowProps {
  readonly item: ResourceRow;
  readonly now: string;
  readonly hasLeft: boolean;
}

function Row({ item, now, hasLeft }: RowProps) {
  const { resourceId, name, kind, externalId, owners, rule, status, region, since, source, until, costPerMonth } = item;
  return (
    <tr data-row="" data-left={hasLeft}>
      <th scope="row" title={externalId}>
        <Link
          to="/resources/$resource"
          params={{ resource: String(resourceId) }}
          search={({ m }) => (m === undefined ? {} : { m })}
          className={styles.name}
        >
          {name === '' ? externalId : name}
        </Link>
      </th>
      <td className={styles.muted}>{kind.replaceAll('_', ' ')}</td>
      <td>
        <Owners owners={owners} rule={rule} />
      </td>
      <td className={styles.spare}>{status === '' ? '–' : status}</td>
      <td className={styles.spare}>{region ?? '–'}</td>
      <td className={`${styles.spare} ${source === 'assumed' ? own.assumed : ''}`} title={since}>
        {day(since, now)}
        {until === null ? '' : ` to ${day(until, now)}`}
        {source === 'assumed' ? <span className="visually-hidden"> (from the provider's created date)</span> : null}
      </td>
      <td className={styles.figure}>
        {costPerMonth === null ? (
          <Unknown reason="Not known: no price of the price book says it alone." />
        ) : (
          <Money amount={costPerMonth.amount} currency={costPerMonth.currency} />
        )}
      </td>
    </tr>
  );
}

function Owners({ owners, rule }: Pick<ResourceRow, 'owners' | 'rule'>) {
  if (owners === null) return <>–</>;
  if (owners.length === 0) return <span className={styles.unassigned}>Unassigned</span>;
  const text = owners.map(({ name, weight, weightTotal }) =>
    weight === weightTotal ? name : `${name} ${weight}/${weightTotal}`,
  );
  if (rule === null) return <>{text.join(', ')}</>;
  return (
    <Link to="." search={(before) => ({ ...before, why: `rule:${rule}` })} className={own.owner}>
      {text.join(', ')}
    </Link>
  );
}

export function NoResources({ search }: { readonly search: InventorySearch }) {
  const { sort: _sort, order: _order, cursor: _cursor, ...filters } = search;
  if (Object.keys(filters).length === 0)
    return (
      <Empty title="No resource is known yet.">
        <p>Connect an account and read it:</p>
        <p>
          <code>arcadia account connect</code> <code>arcadia sync</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No resource matches.">
      <Link to="/resources" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
