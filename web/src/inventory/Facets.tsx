import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import ui from '../ui/ui.module.css';
import type { Summary } from './Inventory.tsx';
import styles from './inventory.module.css';
import { chosenOf, type FacetName, type InventorySearch, toggled } from './search.ts';

const shownAtFirst = 8;

interface FacetsProps {
  readonly summary: Summary;
  readonly search: InventorySearch;
}

/** How many there are of each, without the filter by its own field: choosing one hides no other. */
export function Facets({ summary, search }: FacetsProps) {
  const { byKind, byOwner, byStatus, byRegion, byAccount, ownersTotal } = summary;
  const named = byOwner.filter(({ value }) => value !== 'none' && value !== 'several').length;
  const more = ownersTotal - named;
  return (
    <>
      <Facet name="kind" title="Kind" values={byKind} search={search} />
      <Facet
        name="owner"
        title="Owner"
        values={byOwner}
        search={search}
        note={more > 0 ? `and ${more} more deployments` : null}
      />
      <Facet name="status" title="State" values={byStatus} search={search} />
      <Facet name="region" title="Region" values={byRegion.filter(({ value }) => value !== '')} search={search} />
      {byAccount.length > 1 || search.account !== undefined ? (
        <Facet name="account" title="Account" values={byAccount} search={search} />
      ) : null}
      <Link
        to="/resources"
        search={({ ended, cursor: _first, ...rest }) => (ended === undefined ? { ...rest, ended: 'true' } : rest)}
        className={ui.link}
      >
        {search.ended === undefined ? 'Show ended ones' : 'Show those that live'}
      </Link>
    </>
  );
}

interface FacetProps {
  readonly name: FacetName;
  readonly title: string;
  readonly values: readonly { readonly value: string; readonly resources: number }[];
  readonly search: InventorySearch;
  readonly note?: string | null;
}

function Facet({ name, title, values, search, note = null }: FacetProps) {
  const [isWhole, setWhole] = useState(false);
  const chosen = chosenOf(search, name);
  const missing = chosen.filter((each) => !values.some(({ value }) => value === each));
  const all = [...missing.map((value) => ({ value, resources: 0 })), ...values];
  const shown = isWhole ? all : all.filter(({ value }, at) => at < shownAtFirst || chosen.includes(value));
  if (all.length === 0) return null;
  return (
    <section className={styles.facet} aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {shown.map(({ value, resources }) => (
          <li key={value}>
            <Link
              to="/resources"
              search={(before) => ({
                ...toggled(before, name, value),
                ...(before.m === undefined ? {} : { m: before.m }),
              })}
              className={styles.value}
              data-chosen={chosen.includes(value)}
              aria-current={chosen.includes(value) ? 'true' : undefined}
            >
              <span className={name === 'owner' && value === 'none' ? styles.unowned : undefined}>
                {wordOf(name, value)}
              </span>
              <span className={styles.count}>{resources}</span>
            </Link>
          </li>
        ))}
      </ul>
      {all.length > shown.length || isWhole ? (
        <button type="button" className={ui.link} onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Fewer' : `${all.length - shown.length} more`}
        </button>
      ) : null}
      {note === null ? null : <p className={ui.note}>{note}</p>}
    </section>
  );
}

/** A value as a person reads it. */
export function wordOf(name: string, value: string): string {
  if (name === 'owner' && value === 'none') return 'Unassigned';
  if (name === 'owner' && value === 'several') return 'Several';
  return name === 'kind' ? value.replaceAll('_', ' ') : value;
}
