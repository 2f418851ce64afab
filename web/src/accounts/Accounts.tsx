import { Link } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { Gauge } from '../charts/Spark.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv } from '../lists/parts.tsx';
import { Empty, States } from '../ui/States.tsx';
import { age, exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './accounts.module.css';
import { type AccountRow, type KindRow, readStatus, type Status } from './read.ts';
import { ageOf, hiddenText, kindName, requestsText, sentenceOf, stateOf } from './words.ts';

/** Can we see everything? */
export function Accounts() {
  const status = useRead(['getAccountsStatus'], readStatus);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{status.data === undefined ? 'Accounts' : sentenceOf(status.data)}</h1>
          <p className={ui.note}>
            How long ago each kind of resource was last listed whole. What is not seen goes on as it was, as an
            estimate.
          </p>
        </div>
        <Csv path="/accounts" query={{}} file="accounts" />
      </header>
      <States query={status} rows={16}>
        {(data) =>
          data.accounts.length === 0 ? (
            <Empty title="No account is connected.">
              <p>
                Connect one with a read-only token: <code>arcadia account connect acme</code>
              </p>
            </Empty>
          ) : (
            <div className={styles.page}>
              <AccountTable status={data} />
              <Matrix status={data} />
            </div>
          )
        }
      </States>
    </div>
  );
}

function AccountTable({ status: { accounts, asOf } }: { readonly status: Status }) {
  return (
    <DataTable label="Accounts" isCards>
      <thead>
        <tr>
          <th scope="col">Account</th>
          <th scope="col">Requests left</th>
          <th scope="col">Scopes missing, and what they hide</th>
          <th scope="col">Token checked</th>
          <th scope="col">Connected</th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <Row key={account.account} row={account} now={asOf} />
        ))}
      </tbody>
    </DataTable>
  );
}

function Row({ row, now }: { readonly row: AccountRow; readonly now: string }) {
  const { account, name, requests, token, connectedAt, disconnectedAt } = row;
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="/accounts/$account" params={{ account }} className={styles.name}>
          {account}
        </Link>
        <span className={ui.note}>
          {' '}
          {disconnectedAt === null ? name : `disconnected ${moment(disconnectedAt, now)}`}
        </span>
      </th>
      <td title={requests === null ? 'The provider has not said.' : `Said ${exactMoment(requests.saidAt)}`}>
        {requests === null || requests.limit === null ? null : (
          <Gauge value={requests.remaining} limit={requests.limit} label={`${requestsText(row)} left`} />
        )}{' '}
        {requestsText(row)}
      </td>
      <td className={styles.wide}>
        {token === null ? (
          <span className={styles.muted} title="Checked daily, with the sizes; or check it now on the account's page.">
            ? not checked yet
          </span>
        ) : token.missing.length === 0 ? (
          'none'
        ) : (
          <ul className={own.scopes}>
            {token.missing.map(({ scope, money, others }) => (
              <li key={scope}>
                <span className={styles.wrong}>
                  <span aria-hidden="true">▲ </span>
                  {scope}
                </span>{' '}
                <span className={ui.note}>
                  {[...money.slice(0, 3).map(hiddenText), ...others].join('; ') || 'hides nothing'}
                  {money.length > 3 ? ` and ${money.length - 3} more` : ''}
                </span>
              </li>
            ))}
          </ul>
        )}
      </td>
      <td className={styles.spare}>{token === null ? '–' : `${age(token.checkedAt, now)} ago`}</td>
      <td className={styles.spare} title={exactMoment(connectedAt)}>
        {moment(connectedAt, now)}
      </td>
    </tr>
  );
}

/** Kinds by accounts: a cell says how long ago, by what shape it ended, and opens to the run. */
function Matrix({ status: { accounts } }: { readonly status: Status }) {
  const shown = accounts.filter(({ disconnectedAt }) => disconnectedAt === null);
  const kinds = [...new Set(shown.flatMap((account) => account.kinds.map(({ kind }) => kind)))].toSorted();
  if (kinds.length === 0)
    return (
      <Empty title="Nothing was read yet.">
        <p>The schedule reads every 15 minutes; "Sync now" on an account's page reads at once.</p>
      </Empty>
    );
  return (
    <DataTable label="Kinds by account">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          {shown.map(({ account }) => (
            <th key={account} scope="col">
              <Link to="/accounts/$account" params={{ account }}>
                {account}
              </Link>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {kinds.map((kind) => (
          <tr key={kind} data-row="" className={own.byAccount}>
            <th scope="row">{kindName(kind)}</th>
            {shown.map((account) => (
              <Cell key={account.account} row={account.kinds.find((each) => each.kind === kind)} />
            ))}
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

const marks = { whole: '', gap: '▨', partial: '◐', failed: '▲', running: '↻', never: '?' } as const;

export function Cell({ row }: { readonly row: KindRow | undefined }) {
  if (row === undefined) return <td>–</td>;
  const { state, word } = stateOf(row);
  const { lastRun } = row;
  return (
    <td className={own.cell} data-state={state} title={lastRun?.reason ?? undefined}>
      <span aria-hidden="true">{marks[state]} </span>
      {lastRun === null ? (
        ageOf(row)
      ) : (
        <Link to="." search={(before) => ({ ...before, why: `sync:${lastRun.syncRunId}` })} data-figure="">
          {ageOf(row)}
        </Link>
      )}
      {state === 'whole' ? <span className="visually-hidden"> ago, {word}</span> : <span> {word}</span>}
      {lastRun?.reason == null || state === 'whole' ? null : <span className={ui.note}> {lastRun.reason}</span>}
    </td>
  );
}
