import { Link } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Change, Chip, Csv, Listed, SearchField } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { isZero } from '../ui/decimal.ts';
import { Money, Unknown } from '../ui/Figure.tsx';
import { Empty } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './bills.module.css';
import { type BillDetails, type Bridge, type LineRow, readLines } from './read.ts';
import { type BillSearch, outcomes } from './search.ts';
import { causeText, outcomeWords } from './words.ts';

interface LinesCardProps {
  readonly bill: BillDetails;
  readonly bridge: Bridge;
  readonly search: BillSearch;
  readonly now: string;
}

/** The lines, by what they came to, with the provider's times beside ours. */
export function LinesCard({ bill: { bill, products }, bridge, search, now }: LinesCardProps) {
  const page = useRead(['listReconciledLines', bill, search], (signal) => readLines(bill, search, signal), {
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = search;
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="lines">
      <div className={ui.cardHead}>
        <h2 id="lines">Lines</h2>
        <Csv path={`/bills/${bill}/lines`} query={{ ...query }} file={`bill-${bill}-lines`} />
      </div>
      <div className={ui.cardBody}>
        <div className={styles.tools}>
          <SearchField q={search.q} label="Name, id or project" />
          <Chip name="outcome" value={undefined} chosen={search.outcome}>
            All
          </Chip>
          {outcomes.map((outcome) => {
            const lines = bridge.lines.find((each) => each.outcome === outcome)?.lines ?? 0;
            return lines === 0 && search.outcome !== outcome ? null : (
              <Chip key={outcome} name="outcome" value={outcome} chosen={search.outcome}>
                {outcomeWords[outcome]} {lines}
              </Chip>
            );
          })}
          <Causes bridge={bridge} chosen={search.cause} />
        </div>
        <details className={own.products} open={search.product !== undefined}>
          <summary>By product</summary>
          <div className={styles.tools}>
            <Products products={products} chosen={search.product} />
          </div>
        </details>
      </div>
      <Listed query={page} cursor={search.cursor} rows={10} empty={<NoLines />}>
        {({ items }) => <LineTable bill={bill} items={items} now={now} />}
      </Listed>
    </section>
  );
}

function Causes({ bridge, chosen }: { readonly bridge: Bridge; readonly chosen: string | undefined }) {
  const causes = bridge.differences
    .map(({ cause, lines }) => ({ cause, lines }))
    .filter(({ cause }) => cause !== 'missing');
  return causes.map(({ cause, lines }) => (
    <Chip
      key={cause}
      name="cause"
      value={cause === chosen ? undefined : cause}
      chosen={cause === chosen ? undefined : chosen}
    >
      {causeText(cause)} {lines}
      {cause === chosen ? ' ×' : ''}
    </Chip>
  ));
}

function Products({
  products,
  chosen,
}: {
  readonly products: BillDetails['products'];
  readonly chosen: string | undefined;
}) {
  return products.map(({ product, lines }) =>
    product === null ? null : (
      <Chip
        key={product}
        name="product"
        value={product === chosen ? undefined : product}
        chosen={product === chosen ? undefined : chosen}
      >
        {product} {lines}
        {product === chosen ? ' ×' : ''}
      </Chip>
    ),
  );
}

function NoLines() {
  return (
    <Empty title="No line matches.">
      <Link
        to="."
        search={changed({ q: undefined, outcome: undefined, cause: undefined, product: undefined }) as never}
        className={ui.link}
      >
        Clear the filters
      </Link>
    </Empty>
  );
}

function LineTable({
  bill,
  items,
  now,
}: {
  readonly bill: number;
  readonly items: readonly LineRow[];
  readonly now: string;
}) {
  return (
    <div
      className={`${styles.scroll} ${styles.cardList} ${own.table}`}
      role="region"
      aria-label="Lines, as a table"
      tabIndex={0}
    >
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col" className={styles.figure}>
              Amount
            </th>
            <th scope="col" className={styles.figure}>
              Expected
            </th>
            <th scope="col" className={styles.figure}>
              Difference
            </th>
            <th scope="col">Outcome</th>
            <th scope="col">Charged from, to</th>
            <th scope="col">There from, to</th>
          </tr>
        </thead>
        <tbody>
          {items.map((line) => (
            <Row key={line.position} bill={bill} line={line} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ bill, line, now }: { readonly bill: number; readonly line: LineRow; readonly now: string }) {
  const { position, product, description, amount, expected, difference, cause, outcome, rule, accepted, remarks } =
    line;
  return (
    <tr data-row="">
      <th scope="row">
        <Link
          to="."
          search={(before) => ({ ...before, why: `bill:${bill}/${position}` })}
          className={styles.name}
          data-figure=""
          title={description ?? undefined}
        >
          {description ?? `line ${position}`}
        </Link>
        <span className={own.interval}>
          <span className={styles.muted}>
            {position}, {product ?? 'no product'}
          </span>
        </span>
      </th>
      <td className={styles.figure}>
        <Money amount={amount} />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {expected === null ? (
          <Unknown reason="Nobody says what it costs, or it is about no resource." />
        ) : (
          <Money amount={expected} />
        )}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {isZero(difference) ? '0' : <Change change={difference} isRated />}
      </td>
      <td>
        <span className={outcome === 'unexplained' ? styles.wrong : undefined}>
          {outcome === 'unexplained' ? '▲ ' : ''}
          {outcomeWords[outcome]}
        </span>
        <span className={own.interval}>
          <span className={styles.muted}>
            by {rule.replaceAll('_', ' ')}
            {cause === 'none' ? '' : `; ${causeText(cause)}`}
            {accepted ? ', accepted' : ''}
            {remarks.length === 0 ? '' : `; ${remarks.join(', ').replaceAll('_', ' ')}`}
          </span>
        </span>
      </td>
      <td className={styles.spare}>
        <Interval from={line.startTime} to={line.endTime} now={now} />
      </td>
      <td className={styles.spare}>
        <Interval from={line.from} to={line.to} now={now} />
        <Bracket line={line} now={now} />
      </td>
    </tr>
  );
}

function Interval({
  from,
  to,
  now,
}: {
  readonly from: string | null;
  readonly to: string | null;
  readonly now: string;
}) {
  if (from === null && to === null) return <>–</>;
  const title = [from, to].map((each) => (each === null ? '?' : exactMoment(each))).join(' to ');
  return (
    <span title={title}>
      {from === null ? '?' : moment(from, now)} – {to === null ? '?' : moment(to, now)}
    </span>
  );
}

/** What only listings saw: between which two. */
export function Bracket({
  line: { beginsAfter, beginsBy, endsAfter, endsBy },
  now,
}: {
  readonly line: Pick<LineRow, 'beginsAfter' | 'beginsBy' | 'endsAfter' | 'endsBy'>;
  readonly now: string;
}) {
  return (
    <>
      {beginsAfter === null || beginsBy === null ? null : (
        <span className={own.interval}>
          <span className={styles.muted}>
            began between {moment(beginsAfter, now)} and {moment(beginsBy, now)}
          </span>
        </span>
      )}
      {endsAfter === null || endsBy === null ? null : (
        <span className={own.interval}>
          <span className={styles.muted}>
            ended between {moment(endsAfter, now)} and {moment(endsBy, now)}
          </span>
        </span>
      )}
    </>
  );
}
