import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { causeText } from '../bills/words.ts';
import { isZero, money } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { AddsUp, Deeper, Rung } from './parts.tsx';
import styles from './proof.module.css';

interface ProviderLinesProps {
  readonly deployment: string;
  /** The meter by which customers pay for the products; null: all of them. */
  readonly kind: string | null;
  readonly month: string;
}

const shownMax = 200;
const states = {
  signed: 'signed',
  final: 'final',
  doubtful: 'beside a signed bill, doubtful',
  preview: 'preview',
} as const;

/** What the provider charged for what a deployment used: each line of a bill, and what the deployment bears of it. */
export function CostProof({ deployment, kind, month }: ProviderLinesProps) {
  const proof = useRead(['listLinesOfBills', deployment, kind, month], (signal) =>
    bodyOf(
      api.GET('/bill-lines', {
        params: { query: { deployment, month, limit: shownMax, ...(kind === null ? {} : { kind }) } },
        headers: { accept: 'application/json' },
        signal,
      }),
    ),
  );
  return (
    <States query={proof} rows={6}>
      {({ items, totals }) => {
        if (items.length === 0)
          return (
            <Empty title={`No bill of ${monthName(month)} charges it.`}>
              <p>No bill of the month is reconciled, or none of its lines is about this.</p>
            </Empty>
          );
        return totals.map(({ currency, amount, lines }) => {
          const own = items.filter((line) => line.currency === currency);
          return (
            <div key={currency}>
              <p className={styles.sentence}>
                {money(amount)} {currency}: what the provider charged for{' '}
                {deployment === 'unattributed' ? 'what is unassigned' : deployment}
                {kind === null ? '' : `, ${kind}`}, {monthName(month)}, {lines === 1 ? '1 line' : `${lines} lines`}.
              </p>
              <Rung title="Lines of bills">
                <ul className={styles.lines}>
                  {own.map(
                    ({ bill, position, description, product, share, amount: whole, difference, cause, state }) => (
                      <li key={`${bill} ${position}`}>
                        <span>
                          <Deeper why={`bill:${bill}/${position}`}>
                            {description ?? product ?? `line ${position}`}
                          </Deeper>{' '}
                          <span className={ui.note}>
                            {states[state]}
                            {share === whole ? '' : `, of ${money(whole)}`}
                            {isZero(difference) ? '' : `, ${money(difference)} differs: ${causeText(cause)}`}
                          </span>
                        </span>
                        <span title={share}>{money(share)}</span>
                      </li>
                    ),
                  )}
                </ul>
                <AddsUp parts={own.map(({ share }) => share)} total={amount} unit={currency} />
              </Rung>
            </div>
          );
        });
      }}
    </States>
  );
}

/** For a line of an invoice or a quote: the way to what the provider charged for it, for whoever may see that. */
export function ToProviderLines({ deployment, kind, month }: ProviderLinesProps) {
  const { data: me } = useMe();
  if (me?.may.includes('listLinesOfBills') !== true) return null;
  return <Deeper why={`cost:${deployment}/${kind ?? '-'}/${month}`}>What the provider charged</Deeper>;
}
