import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Listed, Chip, Csv, SearchField } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { quantity, unitOf } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { day, dayBefore, month as monthName, monthOf } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { DayGrid } from './DayGrid.tsx';
import { type Grid, gridQuery, readGrid, readKinds, type RowsBy, rowsBy, type UsageSearch } from './read.ts';
import own from './usage.module.css';

const words: Readonly<Record<RowsBy, string>> = { kind: 'Meters', deployment: 'Deployments', customer: 'Customers' };

/** Which meter moved, and why? Customers see their own. */
export function Usage() {
  const { m, why: _why, ...search } = useSearch({ from: '/usage' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const month = m ?? monthOf(now);
  const isCustomer = me?.role === 'customer';
  const { by = 'kind' } = search;
  const kinds = useRead(['listKinds'], readKinds);
  const enabled = kinds.data?.items.filter((one) => one.enabled) ?? [];
  const meter = by === 'kind' ? search.meter : (search.meter ?? enabled[0]?.kind);
  const asked = { ...search, by, ...(meter === undefined ? {} : { meter }) };
  // Deployments and customers are of one meter, and which there are is not known at first.
  const isOfMeter = by === 'kind' || meter !== undefined;
  const grid = useRead(['listUsageGrid', month, asked], (signal) => readGrid(month, asked, signal), {
    enabled: now !== '' && isOfMeter,
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = gridQuery(month, asked);
  const isFiltered = search.q !== undefined || search.deployment !== undefined;
  const nothing = <NoUsage isFiltered={isFiltered} isCustomer={isCustomer} />;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{grid.data === undefined ? 'Usage' : sentenceOf(grid.data, month, asked)}</h1>
          <p className={ui.note}>{grid.data === undefined ? '' : aboutOf(grid.data, month, now)}</p>
        </div>
        <Csv path="/usage/grid" query={query} file={`usage-${month}`} />
      </header>
      <div className={styles.tools}>
        {rowsBy
          .filter((each) => !isCustomer || each !== 'customer')
          .map((each) => (
            <Chip key={each} name="by" value={each} chosen={by}>
              {words[each]}
            </Chip>
          ))}
        <MeterChoice kinds={enabled} meter={meter} isAll={by === 'kind'} />
        <SearchField q={search.q} label="Name" />
        <Only search={search} />
      </div>
      {isOfMeter ? (
        <Listed query={grid} cursor={search.cursor} rows={12} empty={nothing}>
          {(data) => <DayGrid grid={data} search={asked} month={month} now={now} />}
        </Listed>
      ) : (
        <States query={kinds} rows={12}>
          {() => nothing}
        </States>
      )}
    </div>
  );
}

function sentenceOf(
  { quantity: all, items, total }: Grid,
  month: string,
  { by, deployment, customer }: UsageSearch,
): string {
  const whose = deployment ?? customer;
  const of = whose === undefined ? '' : ` of ${whose}`;
  if (all === null || by === 'kind')
    return `${monthName(month)}: ${total} ${total === 1 ? 'meter' : 'meters'} used${of}.`;
  const unit = items[0]?.unit ?? '';
  return `${monthName(month)}: ${quantity(all)} ${unitOf(unit, all)}${of}, by ${total} ${by === 'customer' ? 'customer' : 'deployment'}${total === 1 ? '' : 's'}.`;
}

function aboutOf({ meteredThrough, previous }: Grid, month: string, now: string): string {
  const metered =
    meteredThrough > `${month}-01` ? `Metered through ${day(dayBefore(meteredThrough), now)}` : 'Not metered yet';
  const before = previous === null ? '' : `, beside ${day(previous.from, now)} to ${day(dayBefore(previous.to), now)}`;
  return `${metered}${before}.`;
}

interface MeterChoiceProps {
  readonly kinds: readonly { readonly kind: string; readonly title: string }[];
  readonly meter: string | undefined;
  readonly isAll: boolean;
}

/** Rows of deployments and customers are of one meter. */
function MeterChoice({ kinds, meter, isAll }: MeterChoiceProps) {
  const navigate = useNavigate();
  return (
    <select
      className={own.select}
      aria-label="Meter"
      value={meter ?? ''}
      onChange={({ target: { value } }) =>
        void navigate({ to: '.', search: changed({ meter: value === '' ? undefined : value }) as never })
      }
    >
      {isAll ? <option value="">All meters</option> : null}
      {kinds.map((one) => (
        <option key={one.kind} value={one.kind}>
          {one.title}
        </option>
      ))}
    </select>
  );
}

function Only({ search: { deployment, customer } }: { readonly search: UsageSearch }) {
  const chosen = { deployment, customer };
  return Object.entries(chosen).map(([name, value]) =>
    value === undefined ? null : (
      <Chip key={name} name={name} value={undefined} chosen="">
        {value} ×
      </Chip>
    ),
  );
}

function NoUsage({ isFiltered, isCustomer }: { readonly isFiltered: boolean; readonly isCustomer: boolean }) {
  if (isFiltered)
    return (
      <Empty title="Nothing matches.">
        <Link to="/usage" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
          Clear the filters
        </Link>
      </Empty>
    );
  return (
    <Empty title="Nothing was used in this month.">
      {isCustomer ? (
        <p>What you use appears here from the day after on.</p>
      ) : (
        <p>
          Days are metered every night, of meters that are enabled: <code>arcadia kind list</code>
        </p>
      )}
    </Empty>
  );
}
