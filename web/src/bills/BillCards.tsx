import { Link } from '@tanstack/react-router';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Change } from '../lists/parts.tsx';
import { money } from '../ui/decimal.ts';
import { Money, Quantity, Unknown } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type BillDetails, readChanges, readDecisions, readEvidence, readFindings, readMissing } from './read.ts';
import { findingWords } from './words.ts';

interface ListCardProps<Item> {
  readonly title: string;
  readonly query: UseQueryResult<{ readonly items: readonly Item[]; readonly nextCursor: string | null }, Error>;
  readonly empty: string;
  /** Under /api/v1: all of it as a file. */
  readonly csv?: { readonly path: string; readonly file: string };
  readonly heads: readonly { readonly text: string; readonly isFigure?: boolean }[];
  readonly children: (item: Item) => ReactNode;
}

/** A short list of a bill, as a card. */
function ListCard<Item>({ title, query, empty, csv, heads, children }: ListCardProps<Item>) {
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-label={title}>
      <div className={ui.cardHead}>
        <h2>{title}</h2>
        {csv === undefined ? null : (
          <a className={ui.link} href={`/api/v1${csv.path}.csv`} download={`${csv.file}.csv`}>
            CSV
          </a>
        )}
      </div>
      <States query={query} rows={4}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title={empty} />
          ) : (
            <div
              className={`${styles.scroll} ${styles.cardList}`}
              role="region"
              aria-label={`${title}, as a table`}
              tabIndex={0}
            >
              <table className={styles.table}>
                <thead>
                  <tr>
                    {heads.map(({ text, isFigure = false }) => (
                      <th key={text} scope="col" className={isFigure ? styles.figure : undefined}>
                        {text}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>{items.map(children)}</tbody>
              </table>
              {nextCursor === null ? null : (
                <p className={`${styles.foot} ${ui.note}`}>
                  The first {items.length}
                  {csv === undefined ? '' : '; all are in the CSV'}.
                </p>
              )}
            </div>
          )
        }
      </States>
    </section>
  );
}

interface ResourceLinkProps {
  readonly resource: number | null;
  readonly text: string;
}

function ResourceLink({ resource, text }: ResourceLinkProps) {
  if (resource === null) return <span className={styles.name}>{text}</span>;
  return (
    <Link to="/resources/$resource" params={{ resource: String(resource) }} className={styles.name}>
      {text}
    </Link>
  );
}

export function MissingCard({ bill, now }: { readonly bill: number; readonly now: string }) {
  const missing = useRead(['listMissingCharges', bill], (signal) => readMissing(bill, signal));
  return (
    <ListCard
      title="There, and on no line"
      query={missing}
      empty="Nothing is missing."
      csv={{ path: `/bills/${bill}/missing`, file: `bill-${bill}-missing` }}
      heads={[{ text: 'Resource' }, { text: 'Expected', isFigure: true }, { text: 'Kind' }, { text: 'There from, to' }]}
    >
      {({ ordinal, resource, resourceKind, externalId, class: of, from, to, expected }) => (
        <tr key={ordinal} data-row="">
          <th scope="row">
            <ResourceLink resource={resource} text={externalId ?? of} />
          </th>
          <td className={styles.figure}>
            {expected === null ? <Unknown reason="Nobody says what it costs." /> : <Money amount={expected} />}
          </td>
          <td>{(resourceKind ?? of).replaceAll('_', ' ')}</td>
          <td className={styles.spare}>
            {moment(from, now)} – {moment(to, now)}
          </td>
        </tr>
      )}
    </ListCard>
  );
}

export function FindingsCard({ bill }: { readonly bill: number }) {
  const found = useRead(['listBillFindings', bill], (signal) => readFindings(bill, signal));
  return (
    <ListCard
      title="The bill beside use"
      query={found}
      empty="Nothing was found."
      csv={{ path: `/bills/${bill}/findings`, file: `bill-${bill}-findings` }}
      heads={[
        { text: 'Found' },
        { text: 'Amount', isFigure: true },
        { text: 'Resource' },
        { text: 'Hours', isFigure: true },
      ]}
    >
      {({ finding, position, resource, externalId, name, amount, hours }) => (
        <tr key={`${finding} ${position} ${resource} ${name}`} data-row="">
          <th scope="row">{findingWords[finding] ?? finding}</th>
          <td className={styles.figure}>
            <Money amount={amount} why={position === null ? null : `bill:${bill}/${position}`} />
          </td>
          <td>
            <ResourceLink resource={resource} text={name ?? externalId ?? '–'} />
          </td>
          <td className={`${styles.figure} ${styles.spare}`}>
            {hours === null ? '–' : <Quantity amount={hours} unit="h" />}
          </td>
        </tr>
      )}
    </ListCard>
  );
}

export function EvidenceCard({ month }: { readonly month: string }) {
  const evidence = useRead(['listPriceEvidence', month], (signal) => readEvidence(month, signal));
  return (
    <ListCard
      title="How the provider counts, and how many lines say so"
      query={evidence}
      empty="No rule has variants."
      heads={[
        { text: 'What it says' },
        { text: 'Explains', isFigure: true },
        { text: 'Contradicted by', isFigure: true },
        { text: 'Certainty' },
        { text: 'Believed' },
      ]}
    >
      {({ rule, variant, describes, explained, contradicted, certainty, evidence: source, believed }) => (
        <tr key={`${rule} ${variant}`} data-row="">
          <th scope="row" className={styles.wide}>
            {describes}{' '}
            <span className={ui.note}>
              {rule.replaceAll('_', ' ')}: {variant.replaceAll('_', ' ')}
            </span>
          </th>
          <td className={styles.figure}>{explained} lines</td>
          <td className={`${styles.figure} ${contradicted > 0 && believed ? styles.wrong : ''}`}>
            {contradicted > 0 && believed ? '▲ ' : ''}
            {contradicted}
          </td>
          <td className={styles.spare} title={source}>
            {certainty}
          </td>
          <td>{believed ? 'believed' : '–'}</td>
        </tr>
      )}
    </ListCard>
  );
}

export function DecisionsCard({ bill, now }: { readonly bill: number; readonly now: string }) {
  const decisions = useRead(['listBillDecisions', bill], (signal) => readDecisions(bill, null, signal));
  return (
    <ListCard
      title="Notes and decisions"
      query={decisions}
      empty="Nobody has noted or decided anything."
      heads={[{ text: 'When' }, { text: 'Line' }, { text: 'What' }, { text: 'Why' }, { text: 'By' }]}
    >
      {({ decision, kind, position, deployment, reason, recordedAt, recordedBy }) => (
        <tr key={decision} data-row="">
          <th scope="row">{moment(recordedAt, now)}</th>
          <td>
            {position === null ? (
              'the bill'
            ) : (
              <Link to="." search={(before) => ({ ...before, why: `bill:${bill}/${position}` })} className={ui.link}>
                line {position}
              </Link>
            )}
          </td>
          <td>
            {kind}
            {kind === 'assign' ? ` ${deployment ?? 'by the rules again'}` : ''}
          </td>
          <td className={styles.wide}>{reason === '' ? '–' : reason}</td>
          <td className={styles.spare}>{recordedBy}</td>
        </tr>
      )}
    </ListCard>
  );
}

interface VersionsCardProps {
  readonly bill: BillDetails;
  readonly now: string;
}

export function VersionsCard({ bill, now }: VersionsCardProps) {
  return (
    <>
      <Versions bill={bill} now={now} />
      {bill.versions > 1 ? <ChangesCard bill={bill.bill} /> : null}
    </>
  );
}

function ChangesCard({ bill }: { readonly bill: number }) {
  const changes = useRead(['compareBillVersions', bill], (signal) => readChanges(bill, signal));
  const { data } = changes;
  return (
    <ListCard
      title={
        data === undefined
          ? 'What the newest version changed'
          : `Version ${data.version} beside version ${data.base}: ${money(data.after)} and ${money(data.before)} ${data.currency}`
      }
      query={changes}
      empty="Their lines are the same."
      csv={{ path: `/bills/${bill}/changes`, file: `bill-${bill}-changes` }}
      heads={[
        { text: 'Line' },
        { text: 'Difference', isFigure: true },
        { text: 'Before', isFigure: true },
        { text: 'After', isFigure: true },
        { text: 'Change' },
      ]}
    >
      {({ ordinal, change, product, description, before, after, difference }) => (
        <tr key={ordinal} data-row="">
          <th scope="row">
            <span className={styles.name}>{description ?? product ?? 'no description'}</span>
          </th>
          <td className={styles.figure}>
            <Change change={difference} isRated />
          </td>
          <td className={`${styles.figure} ${styles.spare}`}>{before === null ? '–' : <Money amount={before} />}</td>
          <td className={`${styles.figure} ${styles.spare}`}>{after === null ? '–' : <Money amount={after} />}</td>
          <td>{change}</td>
        </tr>
      )}
    </ListCard>
  );
}

function Versions({ bill: { history, currency }, now }: VersionsCardProps) {
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-label="Versions">
      <div className={ui.cardHead}>
        <h2>Versions</h2>
        <span className={ui.note}>as they were read, the newest first</span>
      </div>
      <DataTable label="Versions" isCards>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" className={styles.figure}>
              Amount
            </th>
            <th scope="col" className={styles.figure}>
              Lines
            </th>
            <th scope="col" className={styles.figure}>
              In the header alone
            </th>
            <th scope="col">Read</th>
            <th scope="col">Superseded</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {history.map(({ version, amount, lines, residual, sealedAt, supersededAt, source }) => (
            <tr key={version} data-row="">
              <th scope="row">{version}</th>
              <td className={styles.figure}>
                <Money amount={amount} currency={currency} />
              </td>
              <td className={`${styles.figure} ${styles.spare}`}>{lines}</td>
              <td className={`${styles.figure} ${styles.spare}`}>
                <Money amount={residual} />
              </td>
              <td className={styles.spare}>{moment(sealedAt, now)}</td>
              <td>{supersededAt === null ? 'current' : `until ${moment(supersededAt, now)}`}</td>
              <td className={styles.spare}>{source === 'csv' ? 'a file' : 'the API'}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}
