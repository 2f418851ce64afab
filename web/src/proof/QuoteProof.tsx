import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { isZero, money, quantity } from '../ui/decimal.ts';
import { States } from '../ui/States.tsx';
import { day as dayText, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { ToProviderLines } from './CostProof.tsx';
import { AddsUp, Deeper, Rung } from './parts.tsx';
import styles from './proof.module.css';

type Line = Schemas['Quote']['lines'][number];

interface QuoteProofProps {
  readonly deployment: string;
  readonly month: string;
  readonly now: string;
}

/** What a deployment owes for a month: the plan's lines, each down to what was used. */
export function QuoteProof({ deployment, month, now }: QuoteProofProps) {
  const proof = useRead(['getDeploymentQuote', deployment, month], (signal) =>
    bodyOf(
      api.GET('/deployments/{deployment}/quote', {
        params: { path: { deployment }, query: { month } },
        signal,
      }),
    ),
  );
  return (
    <States query={proof} rows={8}>
      {({ plan, currency, base, lines, adjustments = [], total, meteredThrough }) => {
        const charged = lines.filter(({ amount }) => !isZero(amount));
        const free = lines.filter(({ amount }) => isZero(amount));
        return (
          <>
            <p className={styles.sentence}>
              {money(total)} {currency}: {deployment} on plan {plan}, {monthName(month)}, metered through{' '}
              {dayText(meteredThrough, now)} (not included).
            </p>
            <Rung title="Lines">
              <ul className={styles.lines}>
                <li>
                  <span>Base fee</span>
                  <span title={base}>{money(base)}</span>
                </li>
                {charged.map((line) => (
                  <LineRow
                    key={`${line.kind} ${line.plan ?? ''} ${line.from ?? ''}`}
                    line={line}
                    deployment={deployment}
                    month={month}
                  />
                ))}
                {adjustments.map(({ cause, amount }) => (
                  <li key={cause}>
                    <span>{cause}</span>
                    <span title={amount}>{money(amount)}</span>
                  </li>
                ))}
              </ul>
              <AddsUp
                parts={[base, ...lines.map(({ amount }) => amount), ...adjustments.map(({ amount }) => amount)]}
                total={total}
                unit={currency}
              />
            </Rung>
            <FreeLines lines={free} deployment={deployment} month={month} />
            <p>
              <ToProviderLines deployment={deployment} kind={null} month={month} />
            </p>
          </>
        );
      }}
    </States>
  );
}

interface FreeLinesProps {
  readonly lines: readonly Line[];
  readonly deployment: string;
  readonly month: string;
}

/** Lines that cost nothing, folded. */
function FreeLines({ lines, deployment, month }: FreeLinesProps) {
  if (lines.length === 0) return null;
  return (
    <details className={styles.part}>
      <summary>
        <span>{lines.length === 1 ? '1 line' : `${lines.length} lines`} within allowance</span>
        <span>0.00</span>
      </summary>
      <ul className={styles.lines}>
        {lines.map((line) => (
          <LineRow
            key={`${line.kind} ${line.plan ?? ''} ${line.from ?? ''}`}
            line={line}
            deployment={deployment}
            month={month}
          />
        ))}
      </ul>
    </details>
  );
}

interface LineRowProps {
  readonly line: Line;
  readonly deployment: string;
  readonly month: string;
}

function LineRow({ line, deployment, month }: LineRowProps) {
  const { kind, quantity: used, allowance, billable, unitPrice, amount } = line;
  return (
    <li>
      <span>
        <Deeper why={`usage:${deployment}/${kind}/${month}`}>{kind}</Deeper>
        <span className={ui.note}>
          {' '}
          {quantity(used)} used − {quantity(allowance)} included = {quantity(billable)} to pay
          {unitPrice === null ? '' : ` at ${unitPrice}`}
        </span>
      </span>
      <span title={amount}>{money(amount)}</span>
    </li>
  );
}
