import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv, Listed } from '../lists/parts.tsx';
import { Empty } from '../ui/States.tsx';
import { day, dayBefore, month as monthName, monthOf } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { DayGrid } from '../usage/DayGrid.tsx';
import { type Grid, gridQuery, readGrid, readKinds } from '../usage/read.ts';
import { useCustomerSearch } from './search.ts';

/** How much is used, day by day? */
export function CustomerUsage() {
  const { m, meter, deployment, cursor, by = 'kind' } = useCustomerSearch();
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const month = m ?? monthOf(now);
  const kinds = useRead(['listKinds'], readKinds);
  const first = meter ?? kinds.data?.items.find(({ enabled }) => enabled)?.kind;
  const asked = {
    by,
    ...(by === 'deployment' && first !== undefined ? { meter: first } : {}),
    ...(deployment === undefined ? {} : { deployment }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const grid = useRead(['listUsageGrid', month, asked], (signal) => readGrid(month, asked, signal), {
    enabled: now !== '' && (by === 'kind' || first !== undefined),
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = gridQuery(month, asked);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{grid.data === undefined ? 'Usage' : sentenceOf(grid.data, month)}</h1>
          <p className={ui.note}>{grid.data === undefined ? '' : noteOf(grid.data, month, now)}</p>
        </div>
        <Csv path="/usage/grid" query={query} file={`usage-${month}`} />
      </header>
      <div className={styles.tools}>
        <Chip name="by" value="kind" chosen={by}>
          All meters
        </Chip>
        <Chip name="by" value="deployment" chosen={by}>
          One meter, by deployment
        </Chip>
        {by === 'kind'
          ? null
          : (kinds.data?.items ?? [])
              .filter(({ enabled }) => enabled)
              .map(({ kind, title }) => (
                <Chip key={kind} name="meter" value={kind} chosen={first}>
                  {title}
                </Chip>
              ))}
      </div>
      <Listed query={grid} cursor={cursor} rows={12} empty={<Empty title="Nothing was used in this month." />}>
        {(data) => <DayGrid grid={data} search={asked} month={month} now={now} />}
      </Listed>
    </div>
  );
}

function sentenceOf({ total, items }: Grid, month: string): string {
  const used =
    items.length === 0 ? 'nothing was used' : `${total} ${total === 1 ? 'row' : 'rows'} of usage, day by day`;
  return `${monthName(month)}: ${used}.`;
}

function noteOf({ meteredThrough, previous }: Grid, month: string, now: string): string {
  const metered =
    meteredThrough > `${month}-01` ? `Metered through ${day(dayBefore(meteredThrough), now)}` : 'Not metered yet';
  return `${metered}${previous === null ? '' : `, beside ${day(previous.from, now)} to ${day(dayBefore(previous.to), now)}`}.`;
}
