import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Field, Sheet } from '../ui/Sheet.tsx';
import ui from '../ui/ui.module.css';
import { ChangeSheet } from './ChangeSheet.tsx';
import { DestroySheet } from './DestroySheet.tsx';
import { approve, begin, discard, type ProposalDetail } from './read.ts';
import { Refused } from './Refused.tsx';

interface ProposalActsProps {
  readonly proposal: ProposalDetail;
}

/** What can be decided about it as it stands, and the way to propose it again. */
export function ProposalActs({ proposal }: ProposalActsProps) {
  const { hash, state, purpose, rollout } = proposal;
  const navigate = useNavigate();
  const [isTyping, setTyping] = useState(false);
  const approving = useChange({ write: (_: null, headers) => approve(hash, {}, headers) });
  const discarding = useChange({ write: (_: null, headers) => discard(hash, headers) });
  const beginning = useChange({
    write: (_: null, headers) => begin(hash, headers),
    onDone: (made) =>
      void navigate({ to: '/rollouts/$rollout', params: { rollout: String(made.rollout) }, search: inPeriod({}) }),
  });
  const isBusy = [approving, discarding, beginning].some((each) => each.state !== 'idle');
  const again = <Again proposal={proposal} />;
  const refused = [approving, discarding, beginning].find((each) => each.problem !== null);
  const isOpen = state === 'proposed' || state === 'approved' || state === 'blocked';
  return (
    <>
      <div className={styles.tools}>
        {state === 'proposed' ? (
          <Act
            operation="approveProposal"
            needs="owner"
            isOwners={purpose === 'destroy'}
            isPrimary
            isBusy={isBusy}
            onAct={() => (purpose === 'destroy' ? setTyping(true) : approving.send(null))}
          >
            {busyWord(approving.state) ?? 'Approve'}
          </Act>
        ) : null}
        {state === 'approved' ? (
          <Act
            operation="beginRollout"
            needs={purpose === 'destroy' ? 'owner' : 'operator'}
            isOwners={purpose === 'destroy'}
            isPrimary
            isBusy={isBusy}
            onAct={() => beginning.send(null)}
          >
            {busyWord(beginning.state) ?? 'Begin the rollout'}
          </Act>
        ) : null}
        {rollout === null ? null : (
          <Link
            to="/rollouts/$rollout"
            params={{ rollout: String(rollout) }}
            search={inPeriod({})}
            className={`${ui.button} ${ui.primary}`}
          >
            To rollout {rollout}
          </Link>
        )}
        {isOpen ? (
          <Act operation="discardProposal" needs="operator" isBusy={isBusy} onAct={() => discarding.send(null)}>
            {busyWord(discarding.state) ?? 'Discard'}
          </Act>
        ) : null}
        {state === 'blocked' || state === 'expired' || state === 'discarded' ? again : null}
      </div>
      {refused?.problem == null ? null : (
        <Refused problem={refused.problem} onRetry={() => refused.send(null)} again={again} />
      )}
      {isTyping ? <TypeSlugSheet proposal={proposal} onClose={() => setTyping(false)} /> : null}
    </>
  );
}

/** The same is asked for again, with what holds now. */
function Again({ proposal }: ProposalActsProps) {
  const { purpose, deployment, hash, blueprint, parameters } = proposal;
  const [isOpen, setOpen] = useState(false);
  if (purpose === 'create')
    return (
      <Link to="/provisioning/new" search={inPeriod({ from: hash })} className={ui.button}>
        Propose it again
      </Link>
    );
  return (
    <>
      <Act
        operation={purpose === 'destroy' ? 'proposeDestruction' : 'proposeChange'}
        needs={purpose === 'destroy' ? 'owner' : 'operator'}
        onAct={() => setOpen(true)}
      >
        Propose it again
      </Act>
      {!isOpen ? null : purpose === 'destroy' ? (
        <DestroySheet deployment={deployment} onClose={() => setOpen(false)} />
      ) : (
        <ChangeSheet deployment={deployment} blueprint={blueprint} given={parameters} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

interface TypeSlugSheetProps extends ProposalActsProps {
  readonly onClose: () => void;
}

/** What destroys is approved by whoever types what it destroys. */
function TypeSlugSheet({ proposal, onClose }: TypeSlugSheetProps) {
  const { hash, deployment, steps, stepList } = proposal;
  const [typed, setTyped] = useState('');
  const change = useChange({
    write: (typeName: string, headers) => approve(hash, { typeName }, headers),
    onDone: onClose,
  });
  const lost = stepList.filter(({ loses }) => loses !== null);
  return (
    <Sheet
      title={`Approve that ${deployment} is destroyed`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={typed !== deployment || change.state !== 'idle'}
          onClick={() => change.send(typed)}
        >
          {busyWord(change.state) ?? `Approve destroying ${deployment}`}
        </button>
      }
    >
      <p>
        {steps} {steps === 1 ? 'step' : 'steps'}; of {lost.length} of them something is lost for good. Nothing is
        destroyed before the rollout is begun.
      </p>
      <ul>
        {lost.map(({ key, says, loses }) => (
          <li key={key}>
            {says}: <span className={styles.wrong}>{loses}</span>
          </li>
        ))}
      </ul>
      <Field label={`Type ${deployment} to confirm`} value={typed} onChange={setTyped} />
      {change.problem === null ? null : (
        <Refused problem={change.problem} onRetry={() => change.send(typed)} again={<Again proposal={proposal} />} />
      )}
    </Sheet>
  );
}
