import { Link } from '@tanstack/react-router';
import { SearchField } from '../lists/parts.tsx';
import ui from '../ui/ui.module.css';
import { wordOf } from './Facets.tsx';
import styles from './inventory.module.css';
import { chosenOf, facetNames, type InventorySearch, toggled } from './search.ts';

/** What is filtered by, in words, each to be taken away; and a part of a name or an id. */
export function FilterLine({ search }: { readonly search: InventorySearch }) {
  const chips = facetNames.flatMap((name) => chosenOf(search, name).map((value) => ({ name, value })));
  const isFiltered = chips.length > 0 || search.q !== undefined || search.ended !== undefined;
  return (
    <div className={styles.filterLine}>
      <SearchField q={search.q} label="Name, id or URN" />
      {chips.map(({ name, value }) => (
        <Link
          key={`${name} ${value}`}
          to="/resources"
          search={(before) => ({ ...toggled(before, name, value), ...(before.m === undefined ? {} : { m: before.m }) })}
          className={styles.chip}
          aria-label={`Remove the filter ${name}: ${wordOf(name, value)}`}
        >
          <span aria-hidden="true">
            {wordOf(name, value)} <span className={styles.cross}>×</span>
          </span>
        </Link>
      ))}
      {isFiltered ? (
        <Link to="/resources" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
          Clear
        </Link>
      ) : null}
    </div>
  );
}
