import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { isZero, money } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { day as dayText, dayBefore, month as monthName, monthsLater } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { AddsUp, Deeper, Rung } from './parts.tsx';
import styles from './proof.module.css';

export const monthFigures = ['amountToDate', 'forecast', 'lastMonthSameDay'] as const;
export type MonthFigure = (typeof monthFigures)[number];

const sentences: Readonly<Record<MonthFigure, string>> = {
  amountToDate: 'due so far',
  forecast: "due by the month's end, if everything stays as it is",
  lastMonthSameDay: 'due in the month before by the same day',
};

interface MonthProofProps {
  readonly month: string;
  readonly currency: string;
  readonly figure: MonthFigure;
  readonly now: string;
}

const shownMax = 200;

/** What a month comes to in a currency: each deployment, down to the lines of its quote. */
export function MonthProof({ month, currency, figure, now }: MonthProofProps) {
  const proof = useRead(['listDeploymentMonths', month, figure], (signal) =>
    bodyOf(
      api.GET('/deployment-months', {
        params: {
          query: { month, sort: figure === 'forecast' ? 'forecast' : 'amountToDate', order: 'desc', limit: shownMax },
        },
        headers: { accept: 'application/json' },
        signal,
      }),
    ),
  );
  return (
    <States query={proof} rows={8}>
      {({ items, totals, meteredThrough }) => {
        const total = totals.find((each) => each.currency === currency);
        if (total === undefined) return <Empty title={`Nothing is due in ${currency} in ${monthName(month)}.`} />;
        const own = items.flatMap(({ deployment, name, currency: of, [figure]: amount }) =>
          of === currency && amount !== null ? [{ deployment, name, amount }] : [],
        );
        const quoted = figure === 'lastMonthSameDay' ? monthsLater(month, -1) : month;
        return (
          <>
            <p className={styles.sentence}>
              {money(total[figure])} {currency} {sentences[figure]}: {monthName(month)}, {total.deployments} deployments
              {meteredThrough === null ? '' : `, metered through ${dayText(dayBefore(meteredThrough), now)}`}.
            </p>
            <Rung title="Deployments">
              <ul className={styles.lines}>
                {own
                  .filter(({ amount }) => !isZero(amount))
                  .map(({ deployment, name, amount }) => (
                    <li key={deployment}>
                      <span>
                        <Deeper why={`quote:${deployment}/${quoted}`}>{name}</Deeper>{' '}
                        <span className={ui.note}>{deployment}</span>
                      </span>
                      <span title={amount}>{money(amount)}</span>
                    </li>
                  ))}
              </ul>
              <AddsUp parts={own.map(({ amount }) => amount)} total={total[figure]} unit={currency} />
            </Rung>
          </>
        );
      }}
    </States>
  );
}
