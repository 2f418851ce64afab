import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { compare, money, quantity, unitOf } from '../ui/decimal.ts';
import { Icon } from '../ui/icons.tsx';
import { Field } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, Skeleton } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './plans.module.css';

type Basis = 'usage' | 'resources';
type Used = Readonly<Record<string, string>>;

const exampleResources = `- { kind: droplet, size: s-2vcpu-4gb, count: 3 }
- { kind: volume, size: 100 }
`;

const decimal = /^\d+(\.\d+)?$/;

/** What would usage cost, or resources that are not there yet, on each plan? */
export function Quote() {
  const [basis, setBasis] = useState<Basis>('usage');
  const [used, setUsed] = useState<Used>({ droplet_hours: '1488' });
  const [resources, setResources] = useState(exampleResources);
  const [asked, setAsked] = useState<Asked>({ basis: 'usage', used: { droplet_hours: '1488' } });
  const quotes = useQuery({
    queryKey: ['quotePlans', asked],
    queryFn: ({ signal }) => askQuotes(asked, signal),
    gcTime: 0,
    retry: false,
  });
  const known = Object.fromEntries(Object.entries(used).filter(([, amount]) => decimal.test(amount.trim())));
  const next: Asked = basis === 'usage' ? { basis, used: known } : { basis, text: resources };
  return (
    <div className={styles.page}>
      <header>
        <p className={styles.crumb}>
          <Link to="/plans">Plans</Link>
        </p>
        <h1 tabIndex={-1}>{quotes.data === undefined ? 'What would it cost?' : sentenceOf(quotes.data)}</h1>
        <p className={ui.note}>
          {quotes.data === undefined
            ? 'A whole month, before tax.'
            : `${monthName(quotes.data.month)}, a whole month, before tax. ${quotes.data.basis}`}
        </p>
      </header>
      <form
        className={`${ui.card} ${ui.cardBody} ${own.editorSide} ${own.form}`}
        aria-label="What is used"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(next);
        }}
      >
        <div className={styles.tools} role="radiogroup" aria-label="What is known">
          {(['usage', 'resources'] as const).map((each) => (
            <label key={each} className={sheet.check}>
              <input type="radio" name="basis" checked={basis === each} onChange={() => setBasis(each)} />
              {each === 'usage' ? 'Usage, by meter' : 'Resources, that are not there yet'}
            </label>
          ))}
        </div>
        {basis === 'usage' ? (
          <UsageFields used={used} onChange={setUsed} />
        ) : (
          <Field label="Resources, as a list in YAML" rows={6} value={resources} onChange={setResources} />
        )}
        <div>
          <button
            type="submit"
            className={`${ui.button} ${ui.primary}`}
            disabled={basis === 'usage' && Object.keys(known).length === 0}
          >
            Quote on all plans
          </button>
        </div>
      </form>
      {quotes.isFetching && quotes.data === undefined ? <Skeleton rows={6} /> : null}
      {quotes.error === null ? null : <Failed problem={quotes.error} onRetry={() => void quotes.refetch()} />}
      {quotes.data === undefined ? null : <Results quotes={quotes.data} />}
    </div>
  );
}

type Asked = { readonly basis: 'usage'; readonly used: Used } | { readonly basis: 'resources'; readonly text: string };

function askQuotes(asked: Asked, signal: AbortSignal) {
  if (asked.basis === 'usage')
    return bodyOf(
      api.POST('/quotes', { body: { basis: { kind: 'usage', usage: { ...asked.used } }, plans: 'all' }, signal }),
    );
  return bodyOf(
    api.POST('/quotes/resources', {
      headers: { 'content-type': 'application/yaml' },
      body: asked.text as never,
      bodySerializer: (text: unknown) => String(text),
      signal,
    }),
  );
}

type Quotes = Awaited<ReturnType<typeof askQuotes>>;
type QuoteOf = Schemas['Quote'];

const byTotal = (one: QuoteOf, other: QuoteOf) => compare(one.total, other.total);

/** The cheapest; of several currencies, of each. */
function cheapestOf({ quotes }: Quotes): readonly QuoteOf[] {
  return [...Map.groupBy(quotes, ({ currency }) => currency).values()].flatMap((own) =>
    own.toSorted(byTotal).slice(0, 1),
  );
}

function sentenceOf(quotes: Quotes): string {
  if (quotes.quotes.length === 0) return 'There is no plan to quote on.';
  const parts = cheapestOf(quotes).map(({ plan, total, currency }) => `${plan} for ${money(total)} ${currency}`);
  return `Cheapest: ${parts.join(', and ')}.`;
}

interface UsageFieldsProps {
  readonly used: Used;
  readonly onChange: (used: Used) => void;
}

/** A quantity for each meter that is used. */
function UsageFields({ used, onChange }: UsageFieldsProps) {
  const kinds = useRead(['listKinds'], (signal) =>
    bodyOf(api.GET('/kinds', { params: { query: { limit: 500 } }, headers: { accept: 'application/json' }, signal })),
  );
  const items = kinds.data?.items ?? [];
  const free = items.filter(({ kind }) => !(kind in used));
  return (
    <>
      <ul className={own.usage}>
        {Object.entries(used).map(([kind, amount]) => {
          const { title = kind, unit = '' } = items.find((one) => one.kind === kind) ?? {};
          const { [kind]: _gone, ...others } = used;
          return (
            <li key={kind}>
              <Field
                label={`${title}${unit === '' ? '' : `, in ${unitOf(unit, '0')}`}`}
                value={amount}
                onChange={(next) => onChange({ ...used, [kind]: next })}
              />
              <button
                type="button"
                className={ui.icon}
                aria-label={`Without ${title}`}
                onClick={() => onChange(others)}
              >
                <Icon name="close" />
              </button>
            </li>
          );
        })}
      </ul>
      <label className={sheet.label}>
        Add a meter
        <select
          className={sheet.input}
          value=""
          onChange={({ target }) => (target.value === '' ? null : onChange({ ...used, [target.value]: '0' }))}
        >
          <option value="">Choose</option>
          {free.map(({ kind, title }) => (
            <option key={kind} value={kind}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** Each plan, the cheapest first, with what it is made of and where more would cost less. */
function Results({ quotes: { quotes, unbilled } }: { readonly quotes: Quotes }) {
  return (
    <>
      <div className={`${styles.scroll} ${styles.cardList}`} role="region" aria-label="Quotes, as a table" tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col" className={styles.figure}>
                Total
              </th>
              <th scope="col" className={styles.figure}>
                Fee
              </th>
              <th scope="col" className={styles.figure}>
                Usage
              </th>
              <th scope="col">Lines that cost something</th>
            </tr>
          </thead>
          <tbody>
            {quotes.toSorted(byTotal).map((quote) => (
              <tr key={quote.plan} data-row="">
                <th scope="row">
                  <Link to="/plans/$plan" params={{ plan: quote.plan }} className={styles.name}>
                    {quote.plan}
                  </Link>
                </th>
                <td className={styles.figure}>
                  {money(quote.total)} <span className={ui.unit}>{quote.currency}</span>
                </td>
                <td className={`${styles.figure} ${styles.spare}`}>{money(quote.base)}</td>
                <td className={`${styles.figure} ${styles.spare}`}>{money(quote.overage)}</td>
                <td className={styles.wide}>
                  {linesOf(quote)}
                  {(quote.cliffs ?? []).map(({ kind, moreUnits, amountWithMore, amount }) => (
                    <p key={kind} className={styles.mark}>
                      ▲ {quantity(moreUnits)} more of {kind.replaceAll('_', ' ')} would cost {money(amountWithMore)}{' '}
                      instead of {money(amount)}
                    </p>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {unbilled.map(({ message }) => (
        <p key={message} className={ui.note}>
          {message}
        </p>
      ))}
    </>
  );
}

function linesOf({ lines, adjustments = [] }: QuoteOf): string {
  const charged = [
    ...lines.map(
      ({ kind, billable, amount }) => [`${kind.replaceAll('_', ' ')}, ${quantity(billable)}`, amount] as const,
    ),
    ...adjustments.map(({ cause, amount }) => [cause, amount] as const),
  ].filter(([, amount]) => compare(amount, '0') !== 0);
  return charged.length === 0 ? '–' : charged.map(([name, amount]) => `${name}: ${money(amount)}`).join('; ');
}
