import { Link, useParams } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Empty, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { CustomersMoneyCard, OurMoneyCard } from './MoneyCards.tsx';
import { More, ProposalState } from './Parts.tsx';
import { ProposalActs } from './ProposalActs.tsx';
import own from './provisioning.module.css';
import { type ProposalDetail, useProposal } from './read.ts';
import { plural, purposeWords, undoOfStep } from './words.ts';

/** What would be done, what it costs both sides, and what keeps it from being done. */
export function Proposal() {
  const { hash } = useParams({ from: '/proposals/$hash' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  return (
    <States query={useProposal(hash)} rows={14} title="Proposal">
      {(data) => (
        <div className={styles.page}>
          <Head proposal={data} now={now} />
          <Obstacles proposal={data} />
          <div className={styles.cards}>
            <OurMoneyCard proposal={data} />
            <CustomersMoneyCard proposal={data} />
            <StepsCard proposal={data} />
            {data.stays.length === 0 ? null : <StaysCard proposal={data} />}
            <FactsCard proposal={data} now={now} />
          </div>
        </div>
      )}
    </States>
  );
}

function Head({ proposal, now }: { readonly proposal: ProposalDetail; readonly now: string }) {
  const { purpose, deployment, steps, state, proposedAt, proposedBy, expiresAt } = proposal;
  return (
    <header className={styles.page}>
      <div>
        <p className={styles.crumb}>
          <Link to="/provisioning" search={inPeriod({})}>
            Provisioning
          </Link>
        </p>
        <h1 tabIndex={-1}>
          {purposeWords[purpose]} {deployment}: {steps === 0 ? 'nothing to do' : plural(steps, 'step')}.
        </h1>
        <p className={ui.note}>
          <ProposalState state={state} />, proposed {moment(proposedAt, now)} by {proposedBy}
          {state === 'proposed' || state === 'approved' || state === 'blocked' ? (
            <span title={exactMoment(expiresAt)}>, expires {moment(expiresAt, now)}</span>
          ) : null}
        </p>
      </div>
      <ProposalActs proposal={proposal} />
    </header>
  );
}

/** What blocks it, what is quoted and would not be billed, and what else has to be known. */
function Obstacles({ proposal: { problems, notMetered, notes } }: { readonly proposal: ProposalDetail }) {
  return (
    <>
      {problems.length === 0 ? null : (
        <section className={own.band} aria-label="What blocks it">
          <strong>Blocked. To go on, remove what is named here and propose it again.</strong>
          <ul className={own.list}>
            {problems.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </section>
      )}
      {notMetered.length === 0 ? null : (
        <section className={own.band} aria-label="Not metered">
          <strong>Quoted to the customer, and not metered: it would not be billed.</strong>
          <span>
            {notMetered.join(', ')}.{' '}
            <Link to="/settings" search={inPeriod({})}>
              Enable the meters
            </Link>
            , or propose it again and accept that.
          </span>
        </section>
      )}
      {notes.length === 0 ? null : (
        <section className={`${ui.card} ${ui.cardBody}`} aria-label="Notes">
          <ul className={own.list}>
            {notes.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function StepsCard({ proposal: { stepList, rollout } }: { readonly proposal: ProposalDetail }) {
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="steps">
      <div className={ui.cardHead}>
        <h2 id="steps">Steps, in their order</h2>
        <span className={ui.note}>{rollout === null ? 'none is done yet' : `as rollout ${rollout} does them`}</span>
      </div>
      {stepList.length === 0 ? (
        <Empty title="Nothing to do.">
          <p>The deployment has what its blueprint says.</p>
        </Empty>
      ) : (
        <DataTable label="Steps" isCards>
          <thead>
            <tr>
              <th scope="col">What is done</th>
              <th scope="col">Lost for good</th>
              <th scope="col">An undo</th>
              <th scope="col">Scopes</th>
            </tr>
          </thead>
          <tbody>
            {stepList.map(({ key, says, loses, undo, scopes }) => (
              <tr key={key} data-row="">
                <th scope="row" className={own.says}>
                  {says}
                </th>
                <td className={loses === null ? styles.spare : own.says}>
                  {loses === null ? (
                    '–'
                  ) : (
                    <span className={styles.wrong}>
                      <span aria-hidden="true">▲ </span>
                      {loses}
                    </span>
                  )}
                </td>
                <td className={styles.spare}>{undoOfStep[undo] ?? undo}</td>
                <td className={`${ui.mono} ${styles.spare}`}>{scopes.join(' ')}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  );
}

/** After it was taken down. */
function StaysCard({ proposal: { stays, currency } }: { readonly proposal: ProposalDetail }) {
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="stays">
      <div className={ui.cardHead}>
        <h2 id="stays">What stays, and goes on costing</h2>
        <span className={ui.note}>at most, a month</span>
      </div>
      <DataTable label="What stays" isCards>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className={styles.figure}>
              A month
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {stays.map(({ what, why, monthly }) => (
            <tr key={what} data-row="">
              <th scope="row" className={own.says}>
                {what}
              </th>
              <td className={styles.figure}>
                <More amount={monthly} currency={currency} none="not known" />
              </td>
              <td className={own.says}>{why}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}

function FactsCard({ proposal, now }: { readonly proposal: ProposalDetail; readonly now: string }) {
  const { deployment, customer, account, blueprint, version, hash, approvals, parameters, scopes } = proposal;
  const given = Object.entries(parameters);
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="facts">
      <div className={ui.cardHead}>
        <h2 id="facts">What it was made from</h2>
      </div>
      <dl className={`${ui.cardBody} ${styles.facts}`}>
        <dt>Deployment</dt>
        <dd>
          {proposal.purpose === 'create' && proposal.state !== 'rolled_out' ? (
            deployment
          ) : (
            <Link to="/deployments/$deployment" params={{ deployment }} search={inPeriod({})} className={ui.link}>
              {deployment}
            </Link>
          )}
        </dd>
        <dt>Customer</dt>
        <dd>
          <Link to="/customers/$customer" params={{ customer }} className={ui.link}>
            {customer}
          </Link>
        </dd>
        <dt>Account</dt>
        <dd>
          <Link to="/accounts/$account" params={{ account }} className={ui.link}>
            {account}
          </Link>
        </dd>
        {blueprint === null ? null : (
          <>
            <dt>Blueprint</dt>
            <dd>
              <Link to="/blueprints/$blueprint" params={{ blueprint }} search={inPeriod({})} className={ui.link}>
                {blueprint}
              </Link>
              , version {version}
            </dd>
          </>
        )}
        {given.map(([name, value]) => (
          <Parameter key={name} name={name} value={value} />
        ))}
        <dt>Approved</dt>
        <dd>
          {approvals.length === 0
            ? 'by nobody yet'
            : approvals.map(({ by, at }) => (
                <p key={by} title={exactMoment(at)}>
                  {by}, {moment(at, now)}
                </p>
              ))}
        </dd>
        {scopes.length === 0 ? null : (
          <>
            <dt>Scopes of the write token</dt>
            <dd className={ui.mono}>{scopes.join(' ')}</dd>
          </>
        )}
        <dt>Hash</dt>
        <dd className={ui.mono}>{hash}</dd>
      </dl>
    </section>
  );
}

/** Of a secret only a digest is known. */
function Parameter({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value.startsWith('hmac:') ? <span className={styles.muted}>sealed</span> : value}</dd>
    </>
  );
}
