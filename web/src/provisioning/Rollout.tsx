import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Money } from '../ui/Figure.tsx';
import { Sheet } from '../ui/Sheet.tsx';
import { Failed, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { StepState } from './Parts.tsx';
import own from './provisioning.module.css';
import { decide, type Decision, readRollout, type RolloutDetail } from './read.ts';
import { isWrong, plural, shortHash, stepText, titleOf } from './words.ts';

/** How far it is, what it waits for, and what can be done about it. */
export function Rollout() {
  const { rollout } = useParams({ from: '/rollouts/$rollout' });
  const detail = useRead(['getRollout', rollout], (signal) => readRollout(rollout, signal));
  const { data: me } = useMe();
  const now = me?.now ?? '';
  return (
    <States query={detail} rows={14} title="Rollout">
      {(data) => (
        <div className={styles.page}>
          <Head rollout={data} now={now} />
          <Reason rollout={data} />
          {data.extras.length === 0 ? null : <ExtrasCard rollout={data} now={now} />}
          <StepsCard rollout={data} now={now} />
        </div>
      )}
    </States>
  );
}

interface PartProps {
  readonly rollout: RolloutDetail;
  readonly now: string;
}

function Head({ rollout, now }: PartProps) {
  const { proposal, begunAt, begunBy, undoBy, changedAt, endedAt, account, deployment, requests, writes } = rollout;
  return (
    <header className={styles.page}>
      <div>
        <p className={styles.crumb}>
          <Link to="/provisioning" search={inPeriod({ tab: 'rollouts' as const })}>
            Rollouts
          </Link>
        </p>
        <h1 tabIndex={-1}>{titleOf(rollout)}</h1>
        <p className={ui.note}>
          Rollout {rollout.rollout} of{' '}
          <Link to="/proposals/$hash" params={{ hash: proposal }} search={inPeriod({})} className={ui.link}>
            proposal {shortHash(proposal)}
          </Link>{' '}
          for{' '}
          <Link to="/deployments/$deployment" params={{ deployment }} search={inPeriod({})} className={ui.link}>
            {deployment}
          </Link>{' '}
          in {account}. Begun <span title={exactMoment(begunAt)}>{moment(begunAt, now)}</span> by {begunBy}
          {undoBy === null ? null : <>, undoing asked for by {undoBy}</>},{' '}
          {endedAt === null ? (
            <span title={exactMoment(changedAt)}>last change {moment(changedAt, now)}</span>
          ) : (
            <span title={exactMoment(endedAt)}>ended {moment(endedAt, now)}</span>
          )}
          . {plural(requests, 'request')} to the provider, {plural(writes, 'write')} among them.
        </p>
      </div>
      <Acts rollout={rollout} />
    </header>
  );
}

function Acts({ rollout }: { readonly rollout: RolloutDetail }) {
  const { state, endedAt, purpose, undoBy } = rollout;
  // What destroys goes on by an owner alone.
  const destroys = purpose === 'destroy' || undoBy !== null;
  const [asking, setAsking] = useState<'undo' | 'cancel' | null>(null);
  const resuming = useChange({ write: (_: null, headers) => decide('resume', rollout.rollout, headers) });
  const isStopped = state === 'held' || state === 'failed';
  // What a whole one has made is taken down by a proposal.
  const mayUndo = isStopped || (state === 'cancelled' && endedAt !== null);
  return (
    <>
      <div className={styles.tools}>
        {isStopped ? (
          <Act
            operation="resumeRollout"
            needs={destroys ? 'owner' : 'operator'}
            isOwners={destroys}
            isPrimary
            isBusy={resuming.state !== 'idle'}
            onAct={() => resuming.send(null)}
          >
            {busyWord(resuming.state) ?? 'Resume'}
          </Act>
        ) : null}
        {endedAt === null && state !== 'cancelled' ? (
          <Act operation="cancelRollout" needs="operator" onAct={() => setAsking('cancel')}>
            Cancel the rollout
          </Act>
        ) : null}
        {mayUndo ? (
          <Act operation="undoRollout" needs="owner" onAct={() => setAsking('undo')}>
            Undo
          </Act>
        ) : null}
      </div>
      {resuming.problem === null ? null : (
        <Failed isChange problem={resuming.problem} onRetry={() => resuming.send(null)} />
      )}
      {asking === null ? null : <ConfirmSheet decision={asking} rollout={rollout} onClose={() => setAsking(null)} />}
    </>
  );
}

interface ConfirmSheetProps {
  readonly decision: Exclude<Decision, 'resume'>;
  readonly rollout: RolloutDetail;
  readonly onClose: () => void;
}

function ConfirmSheet({ decision, rollout, onClose }: ConfirmSheetProps) {
  const change = useChange({
    write: (_: null, headers) => decide(decision, rollout.rollout, headers),
    onDone: onClose,
  });
  const isUndo = decision === 'undo';
  const made = rollout.stepList.filter(({ externalId, adopted }) => externalId !== null && !adopted);
  return (
    <Sheet
      title={isUndo ? `Undo rollout ${rollout.rollout}` : `Cancel rollout ${rollout.rollout}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={change.state !== 'idle'}
          onClick={() => change.send(null)}
        >
          {busyWord(change.state) ?? (isUndo ? 'Undo it' : 'Cancel the rollout')}
        </button>
      }
    >
      <p>
        {isUndo
          ? 'What it has created is destroyed, the last first. What it took over, what is protected, and a volume that was in use stays, and is listed.'
          : 'Nothing more is sent. What is under way is followed to its end. What it has made stays, and costs; it can be undone afterwards.'}
      </p>
      {made.length === 0 ? (
        <p>It has created nothing so far.</p>
      ) : (
        <>
          <p>Created so far:</p>
          <ul className={own.list}>
            {made.map(({ key, says, externalId }) => (
              <li key={key}>
                {says} <span className={ui.mono}>{externalId}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(null)} />}
    </Sheet>
  );
}

/** Why it stands still, and what to do. */
function Reason({ rollout: { state, reason, account } }: { readonly rollout: RolloutDetail }) {
  if (state === 'waiting')
    return (
      <section className={own.band} aria-label="What it waits for">
        <span>It begins by itself: within seconds, or once no other rollout of {account} is under way.</span>
      </section>
    );
  if (reason === null) return null;
  return (
    <section className={own.band} aria-label={state === 'held' || state === 'failed' ? 'Why it stands still' : 'Note'}>
      <strong>{reason}</strong>
      {state === 'held' ? (
        <span>
          Mend what is named, at the provider or under{' '}
          <Link to="/accounts/$account" params={{ account }}>
            {account}
          </Link>
          , then resume: what may have been made is looked for before anything is sent. Or undo what it has created.
        </span>
      ) : null}
      {state === 'failed' ? (
        <span>The provider has refused it for good. Resume to try it anew, or undo what was created.</span>
      ) : null}
    </section>
  );
}

function StepsCard({ rollout: { stepList }, now }: PartProps) {
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="steps">
      <div className={ui.cardHead}>
        <h2 id="steps">Steps</h2>
        <span className={ui.note}>one after the other</span>
      </div>
      <DataTable label="Steps" isCards>
        <thead>
          <tr>
            <th scope="col">What is done</th>
            <th scope="col">State</th>
            <th scope="col">Provider's id</th>
            <th scope="col">Last change</th>
          </tr>
        </thead>
        <tbody>
          {stepList.map((step) => (
            <tr key={step.key} data-row="">
              <th scope="row" className={own.says}>
                {step.says}
              </th>
              <td className={step.reason === null ? undefined : own.says}>
                <StepState isWrong={isWrong(step)} text={stepText(step)} />
                {step.reason === null ? null : <span className={ui.note}> {step.reason}</span>}
              </td>
              <td className={`${ui.mono} ${styles.spare}`}>{step.externalId ?? '–'}</td>
              <td className={styles.spare} title={exactMoment(step.changedAt)}>
                {moment(step.changedAt, now)}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}

/** What was made twice all the same. */
function ExtrasCard({ rollout: { extras }, now }: PartProps) {
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="extras">
      <div className={ui.cardHead}>
        <h2 id="extras">Made a second time</h2>
        <span className={ui.note}>it costs and is not used: destroy it at the provider</span>
      </div>
      <DataTable label="Made a second time" isCards>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col" className={styles.figure}>
              A month
            </th>
            <th scope="col">Provider's id</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {extras.map(({ key, externalId, foundAt, monthly, currency }) => (
            <tr key={`${key} ${externalId}`} data-row="">
              <th scope="row">{key}</th>
              <td className={styles.figure}>
                <Money
                  amount={monthly}
                  reason="No list price of it is known."
                  {...(currency === null ? {} : { currency })}
                />
              </td>
              <td className={ui.mono}>{externalId}</td>
              <td title={exactMoment(foundAt)}>{moment(foundAt, now)}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}
