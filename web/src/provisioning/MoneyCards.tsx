import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Money } from '../ui/Figure.tsx';
import { Empty } from '../ui/States.tsx';
import { day, month as monthName, monthOf } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { More } from './Parts.tsx';
import own from './provisioning.module.css';
import type { ProposalDetail } from './read.ts';

/** By list prices of the day: not what the provider will bill. */
export function OurMoneyCard({ proposal: { ours } }: { readonly proposal: ProposalDetail }) {
  const { currency, monthly, restOfMonth, lines, unknown } = ours;
  return (
    <section className={`${ui.card} ${styles.half} ${styles.card}`} aria-labelledby="ours">
      <div className={ui.cardHead}>
        <h2 id="ours">What it costs us</h2>
        <span className={ui.note}>a month, at list price</span>
      </div>
      <dl className={`${ui.cardBody} ${styles.figures}`}>
        <div>
          <dt>Now</dt>
          <dd>
            <Money amount={monthly.before} currency={currency} />
          </dd>
        </div>
        <div>
          <dt>Then</dt>
          <dd>
            <Money amount={monthly.after} currency={currency} />
          </dd>
        </div>
        <div>
          <dt>Difference</dt>
          <dd>
            <More amount={monthly.difference} currency={currency} none="" />
          </dd>
        </div>
        <div>
          <dt>Rest of this month</dt>
          <dd>
            <More amount={restOfMonth} currency={currency} none="" />
          </dd>
        </div>
      </dl>
      {unknown.length === 0 ? null : (
        <div className={own.band}>
          <span>Of unknown price, and in none of these figures: {unknown.join(', ')}.</span>
        </div>
      )}
      {lines.length === 0 ? null : (
        <DataTable label="What it consists of">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">How much</th>
              <th scope="col" className={styles.figure}>
                A month
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ what, quantity, amount }) => (
              <tr key={`${what} ${quantity}`} data-row="">
                <th scope="row" className={styles.wrap}>
                  {what}
                </th>
                <td className={styles.wrap}>{quantity}</td>
                <td className={styles.figure}>
                  <Money amount={amount} />
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  );
}

/** On a phone there is room for the difference alone. */
const figures = `${styles.figure} ${styles.spare}`;
const unknownMargin = 'Cost and price are in two currencies, or the plan passes on what the provider charges.';

/** What the plan comes to, as the invoice rates it. */
export function CustomersMoneyCard({ proposal }: { readonly proposal: ProposalDetail }) {
  const { customers, purpose, plan, proposedAt } = proposal;
  return (
    <section className={`${ui.card} ${styles.half} ${styles.card}`} aria-labelledby="customers">
      <div className={ui.cardHead}>
        <h2 id="customers">What the customer pays</h2>
        <span className={ui.note}>{customers === null ? '' : 'before tax'}</span>
      </div>
      {customers === null ? (
        <Unforeseen isEnd={purpose === 'destroy' && plan !== null} isGone={purpose === 'destroy'} />
      ) : (
        <Months customers={customers} proposedAt={proposedAt} />
      )}
    </section>
  );
}

/** @param isEnd a subscription ends; `isGone`: so does the deployment */
function Unforeseen({ isEnd, isGone }: { readonly isEnd: boolean; readonly isGone: boolean }) {
  if (isGone && !isEnd)
    return (
      <Empty title="It is on no plan.">
        <p>No subscription ends with it.</p>
      </Empty>
    );
  return isEnd ? (
    <Empty title="Its subscription ends with it.">
      <p>The last invoice has what was used until then, and the plan's fee through the day on which it ends.</p>
    </Empty>
  ) : (
    <Empty title="It is on no plan.">
      <p>What it uses is metered and not billed. Name a plan in the blueprint to have it billed.</p>
    </Empty>
  );
}

interface MonthsProps {
  readonly customers: NonNullable<ProposalDetail['customers']>;
  readonly proposedAt: string;
}

function Months({ customers, proposedAt }: MonthsProps) {
  const { months, currency, restOfMonth: rest } = customers;
  const { data: me } = useMe();
  const maySeeMargin = me?.may.includes('listMargins') === true;
  return (
    <DataTable label="What the customer pays" isCards>
      <thead>
        <tr>
          <th scope="col">Month</th>
          <th scope="col" className={figures}>
            Now
          </th>
          <th scope="col" className={figures}>
            Then
          </th>
          <th scope="col" className={styles.figure}>
            Difference
          </th>
        </tr>
      </thead>
      <tbody>
        {rest === null ? null : (
          <tr data-row="">
            <th scope="row" colSpan={3}>
              Rest of {monthName(monthOf(proposedAt))}{' '}
              <span className={ui.note}>from {day(rest.from, proposedAt)}</span>
            </th>
            <td className={styles.figure}>
              <More amount={rest.difference} currency={currency} none="" />
            </td>
          </tr>
        )}
        {months.map(({ month, plan, before, after, difference }) => (
          <tr key={month} data-row="">
            <th scope="row">
              {monthName(month)} <span className={ui.note}>whole, on {plan}</span>
            </th>
            <td className={figures}>{before === null ? '–' : <Money amount={before} />}</td>
            <td className={figures}>
              <Money amount={after} currency={currency} />
            </td>
            <td className={styles.figure}>
              <More amount={difference} currency={currency} none="" />
            </td>
          </tr>
        ))}
      </tbody>
      {maySeeMargin ? <Margins customers={customers} proposedAt={proposedAt} /> : null}
    </DataTable>
  );
}

function Margins({ customers, proposedAt }: MonthsProps) {
  const { months, currency, margin, restOfMonth: rest } = customers;
  const last = months.at(-1)?.month;
  return (
    <tfoot>
      {rest === null ? null : (
        <tr>
          <th scope="row" colSpan={3}>
            Our margin, rest of {monthName(monthOf(proposedAt))}
          </th>
          <td className={styles.figure}>
            <Money amount={rest.margin} currency={currency} reason={unknownMargin} />
          </td>
        </tr>
      )}
      {last === undefined ? null : (
        <tr>
          <th scope="row" colSpan={3}>
            Our margin, {monthName(last)}
          </th>
          <td className={styles.figure}>
            <Money amount={margin} currency={currency} reason={unknownMargin} />
          </td>
        </tr>
      )}
    </tfoot>
  );
}
