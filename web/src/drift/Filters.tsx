import { Link } from '@tanstack/react-router';
import styles from '../lists/lists.module.css';
import { Chip, FilterSelect, SearchField } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { categories, type DriftSearch, filters, severities } from './search.ts';
import { categoryWords, ruleText } from './words.ts';

/** By severity, category, decision and word; what a link has chosen can be taken off. */
export function Filters({ search }: { readonly search: DriftSearch }) {
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Name, address, field or rule" />
        <FilterSelect
          label="Severity"
          name="severity"
          value={search.severity}
          values={severities.map((each) => [each, each === 'critical' ? each : `${each} and above`] as const)}
        />
        <FilterSelect
          label="Category"
          name="category"
          value={search.category}
          values={categories.map((each) => [each, categoryWords[each]] as const)}
        />
      </div>
      <div className={styles.tools} role="group" aria-label="What was decided">
        <Chip name="decided" value={undefined} chosen={search.decided}>
          To decide
        </Chip>
        <Chip name="decided" value="acknowledged" chosen={search.decided}>
          Acknowledged
        </Chip>
        <Chip name="decided" value="ignored" chosen={search.decided}>
          Ignored
        </Chip>
        {filters.map((name) => {
          const value = search[name];
          if (value === undefined) return null;
          const text =
            name === 'rule' ? ruleText(value) : value === 'unattributed' ? 'no single deployment' : `${name} ${value}`;
          return (
            <Link
              key={name}
              to="."
              search={changed({ [name]: undefined }) as never}
              className={styles.chip}
              data-chosen="true"
              aria-label={`No longer only ${text}`}
            >
              {text} ×
            </Link>
          );
        })}
      </div>
    </>
  );
}
