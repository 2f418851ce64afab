import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { money, quantity, unitOf } from '../ui/decimal.ts';
import { States } from '../ui/States.tsx';
import { exactMoment, moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { ToProviderLines } from './CostProof.tsx';
import { AddsUp, Deeper, Rung } from './parts.tsx';
import styles from './proof.module.css';

interface LineProofProps {
  /** Its id or number. */
  readonly invoice: string;
  readonly line: number;
  readonly now: string;
}

const shownMax = 100;

function readLine(invoice: string, line: number, signal: AbortSignal) {
  return bodyOf(
    api.GET('/invoices/{invoice}/lines/{line}', {
      params: { path: { invoice, line }, query: { limit: shownMax } },
      signal,
    }),
  );
}

type Explained = Awaited<ReturnType<typeof readLine>>;

/** A line of an invoice: how its amount comes about, and of which resources and intervals what was used is made. */
export function LineProof({ invoice, line, now }: LineProofProps) {
  const proof = useRead(['explainInvoiceLine', invoice, line], (signal) => readLine(invoice, line, signal));
  return (
    <States query={proof} rows={8}>
      {(found) => (
        <>
          <p className={styles.sentence}>
            {found.line.description}: {money(found.line.amount)} {found.currency}, {monthName(found.line.serviceMonth)}.
          </p>
          <Arithmetic found={found} />
          <Tiers details={found.line.details} currency={found.currency} />
          <Correction found={found} now={now} />
          <Used found={found} now={now} />
          <Charged line={found.line} />
          {found.changedSince ? (
            <p className={ui.note}>Usage has changed since: a correction is proposed for the difference.</p>
          ) : null}
        </>
      )}
    </States>
  );
}

/** For whoever may see cost. */
function Charged({ line: { deployment: of, serviceMonth, details } }: { readonly line: Explained['line'] }) {
  const deployment = textOf(of);
  if (deployment === null) return null;
  return (
    <p>
      <ToProviderLines deployment={deployment} kind={textOf(details.billingKind)} month={serviceMonth.slice(0, 7)} />
    </p>
  );
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function Arithmetic({ found: { line, currency } }: { readonly found: Explained }) {
  const { details, unit, unitPrice, amount, kind } = line;
  const [used, included, fee, part] = [details.used, details.included, details.fee, details.part].map(textOf);
  if (kind === 'base' && fee != null && part != null)
    return (
      <p className={ui.note}>
        {part} of {money(fee)} {currency} for each {textOf(details.every) ?? 'month'}.
      </p>
    );
  if (used == null || line.quantity === null) return null;
  return (
    <Rung title="How it comes about">
      <p>
        {quantity(used)} used − {quantity(included ?? '0')} included = {quantity(line.quantity)}{' '}
        {unitOf(unit ?? '', line.quantity)} to pay
        {unitPrice === null ? '' : ` × ${unitPrice}`} = {money(amount)} {currency}
      </p>
    </Rung>
  );
}

function Tiers({ details, currency }: { readonly details: Explained['line']['details']; readonly currency: string }) {
  const tiers = (Array.isArray(details.tiers) ? details.tiers : []) as readonly Readonly<
    Record<string, string | null>
  >[];
  if (tiers.length === 0) return null;
  return (
    <Rung title="Tiers">
      <ul className={styles.lines}>
        {tiers.map(({ from, upTo, units, unitPrice, flatFee, amount }) => (
          <li key={from}>
            <span>
              {quantity(units ?? '0')} from {quantity(from ?? '0')} {upTo == null ? 'on' : `up to ${quantity(upTo)}`} at{' '}
              {unitPrice}
              {flatFee == null || /^0(\.0*)?$/.test(flatFee) ? '' : ` and ${flatFee}`}
            </span>
            <span>
              {money(amount ?? '0')} {currency}
            </span>
          </li>
        ))}
      </ul>
    </Rung>
  );
}

function Correction({ found: { correction, currency }, now }: { readonly found: Explained; readonly now: string }) {
  if (correction === null) return null;
  const { month, invoice, issued, decidedAt, decidedBy } = correction;
  return (
    <Rung title="What it corrects">
      <p>
        {monthName(month)}
        {invoice === null ? '' : `, ${invoice}`}: {money(issued)} {currency} was issued on other documents. Decided{' '}
        {moment(decidedAt, now)}
        {decidedBy === null ? '' : ` by ${decidedBy}`}.
      </p>
    </Rung>
  );
}

function Used({ found: { usage, line, deployment }, now }: { readonly found: Explained; readonly now: string }) {
  if (usage === null) return null;
  const { resources, resourcesTotal, quantity: total } = usage;
  // `usage studio@2026-01-01 droplet_hours`
  const [of, , kind] = line.component.split(' ');
  return (
    <Rung title={resourcesTotal === 1 ? '1 resource' : `${resourcesTotal} resources`}>
      {resources.map((resource) => (
        <details key={resource.externalId} className={styles.part}>
          <summary>
            <span>{resource.name ?? resource.externalId}</span>
            <span>{quantity(resource.quantity)}</span>
          </summary>
          <ul className={styles.intervals}>
            {resource.intervals.map(({ from, to, level, share, quantity: own }) => (
              <li key={from} title={`${exactMoment(from)} to ${exactMoment(to)}`}>
                {moment(from, now)} to {moment(to, now)}: {quantity(own)}
                <span className={ui.note}>
                  {' '}
                  level {level}
                  {share === null ? '' : `, share ${share}`}
                </span>
              </li>
            ))}
          </ul>
        </details>
      ))}
      <AddsUp parts={resources.map((resource) => resource.quantity)} total={total} unit={line.unit ?? ''} />
      {of !== 'usage' || kind === undefined || deployment === null ? null : (
        <Deeper why={`usage:${deployment}/${kind}/${line.serviceMonth}`}>Day by day</Deeper>
      )}
    </Rung>
  );
}
