import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { useMonth } from '../app/Period.tsx';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Empty, Failed, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Cell } from './Accounts.tsx';
import own from './accounts.module.css';
import { GapCard } from './GapCard.tsx';
import { type AccountRow, type KindRow, readStatus, syncNow } from './read.ts';
import { TokenCard } from './TokenCard.tsx';
import { kindName, requestsText } from './words.ts';

/** What of one account can be seen, kind by kind; reading it now; what is estimated over gaps, and its money. */
export function Account() {
  const { account } = useParams({ from: '/accounts/$account' });
  const { data: me } = useMe();
  const month = useMonth(me?.now ?? '');
  const status = useRead(['getAccountsStatus'], readStatus);
  return (
    <div className={styles.page}>
      <p className={styles.crumb}>
        <Link to="/accounts">Accounts</Link> / {account}
      </p>
      <States query={status} rows={16} title={account}>
        {({ accounts, asOf }) => {
          const row = accounts.find((each) => each.account === account);
          return row === undefined ? (
            <Empty title={`There is no account ${account}.`}>
              <Link to="/accounts" className={ui.link}>
                All accounts
              </Link>
            </Empty>
          ) : (
            <One row={row} now={asOf} />
          );
        }}
      </States>
      {status.isPending ? null : <GapCard account={account} month={month} />}
    </div>
  );
}

function One({ row, now }: { readonly row: AccountRow; readonly now: string }) {
  const { account, kinds } = row;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{sentenceOf(row)}</h1>
          <p className={ui.note}>
            {row.name}, {row.provider}; requests left {requestsText(row)}
            {row.requests?.resetAt == null ? '' : `, the oldest counts until ${moment(row.requests.resetAt, now)}`}.
            Metered from {exactMoment(row.meteredFrom)}.
          </p>
        </div>
        <SyncNow account={account} kind={null} />
      </header>
      {kinds.length === 0 ? (
        <Empty title="Nothing was read yet." />
      ) : (
        <DataTable label="Kinds" isCards>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Read whole</th>
              <th scope="col" className={styles.figure}>
                Listed
              </th>
              <th scope="col" className={styles.figure}>
                Requests
              </th>
              <th scope="col">Estimated until</th>
              <th scope="col">Next</th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {kinds.map((kind) => (
              <Kind key={kind.kind} row={kind} account={account} now={now} />
            ))}
          </tbody>
        </DataTable>
      )}
      <TokenCard row={row} now={now} />
    </div>
  );
}

interface KindProps {
  readonly row: KindRow;
  readonly account: string;
  readonly now: string;
}

function Kind({ row, account, now }: KindProps) {
  const { kind, listed, lastRun, estimatedUntil, nextRun } = row;
  return (
    <tr data-row="">
      <th scope="row">{kindName(kind)}</th>
      <Cell row={row} />
      <td className={`${styles.figure} ${styles.spare}`}>{listed === null ? '?' : grouped(String(listed))}</td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {lastRun === null ? '–' : grouped(String(lastRun.requests))}
      </td>
      <td className={styles.spare}>{estimatedUntil === null ? '–' : moment(estimatedUntil, now)}</td>
      <td className={styles.spare}>{nextRun === null ? 'not scheduled' : moment(nextRun, now)}</td>
      <td className={styles.rowActs}>
        <SyncNow account={account} kind={kind} />
      </td>
    </tr>
  );
}

function sentenceOf({ account, kinds, disconnectedAt }: AccountRow): string {
  if (disconnectedAt !== null) return `${account} is disconnected: nothing of it is read.`;
  const wrong = kinds.filter(({ lastRun }) => lastRun !== null && lastRun.outcome !== 'complete');
  const gaps = kinds.filter(({ gapSince }) => gapSince !== null);
  const running = kinds.filter((each) => each.running !== null);
  const parts = [
    wrong.length === 0
      ? `all ${kinds.length} kinds are read whole`
      : `${wrong.length} of ${kinds.length} kinds ${wrong.length === 1 ? 'was' : 'were'} not read whole`,
    gaps.length === 0 ? '' : `${gaps.length} ${gaps.length === 1 ? 'has' : 'have'} a gap`,
    running.length === 0 ? '' : `${running.length} ${running.length === 1 ? 'is' : 'are'} read now`,
  ];
  return `${account}: ${parts.filter((part) => part !== '').join(', ')}.`;
}

/** Has the account read, all of it or one kind. What it reads is seen as it comes. */
function SyncNow({ account, kind }: { readonly account: string; readonly kind: string | null }) {
  const [isAsked, setAsked] = useState(false);
  const change = useChange({
    write: (of: string | null, headers) => syncNow(account, of, headers),
    onDone: () => setAsked(true),
  });
  return (
    <div className={own.acts}>
      <Act
        operation="runSync"
        needs="operator"
        isPrimary={kind === null}
        isBusy={change.state !== 'idle'}
        label={kind === null ? undefined : `Sync ${kindName(kind)}`}
        onAct={() => change.send(kind)}
      >
        {busyWord(change.state) ?? (kind === null ? 'Sync now' : 'Sync')}
      </Act>
      {isAsked ? (
        <span role="status" className={ui.note}>
          Asked for
          {change.answer === null || change.answer.notRead.length === 0
            ? ''
            : `; not read: ${change.answer.notRead.map(({ kind: of, needs }) => `${of} (${needs})`).join(', ')}`}
        </span>
      ) : null}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
    </div>
  );
}
