import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useRef } from 'react';
import { Icon } from '../ui/icons.tsx';
import ui from '../ui/ui.module.css';
import { wordOf } from './Facets.tsx';
import styles from './inventory.module.css';
import { chosenOf, facetNames, type InventorySearch, toggled } from './search.ts';

/** What is filtered by, in words, each to be taken away; and a part of a name or an id. */
export function FilterLine({ search }: { readonly search: InventorySearch }) {
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const q = field.current?.value.trim() ?? '';
    void navigate({
      to: '/resources',
      search: ({ q: _before, cursor: _first, ...rest }) => (q === '' ? rest : { ...rest, q }),
    });
  };
  const chips = facetNames.flatMap((name) => chosenOf(search, name).map((value) => ({ name, value })));
  const isFiltered = chips.length > 0 || search.q !== undefined || search.ended !== undefined;
  return (
    <div className={styles.filterLine}>
      <form className={styles.filter} role="search" onSubmit={submit}>
        <Icon name="search" />
        <input
          key={search.q ?? ''}
          ref={field}
          type="search"
          aria-label="Filter by name, id or URN"
          placeholder="Name, id or URN"
          defaultValue={search.q ?? ''}
          maxLength={200}
        />
      </form>
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
