import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { States } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import styles from './proof.module.css';

/** A listing of the provider's, which is where facts come from. */
export function SyncRunProof({ run }: { readonly run: number; readonly now: string }) {
  const proof = useRead(['getSyncRun', run], (signal) =>
    bodyOf(api.GET('/sync-runs/{run}', { params: { path: { run } }, signal })),
  );
  return (
    <States query={proof} rows={6}>
      {(found) => (
        <>
          <p className={styles.sentence}>
            Sync run {run} read {found.kind} of account {found.account}: {found.outcome}.
          </p>
          <dl className={styles.facts}>
            <dt>Started</dt>
            <dd>{exactMoment(found.startedAt)}</dd>
            <dt>Ended</dt>
            <dd>{found.finishedAt === null ? 'not yet' : exactMoment(found.finishedAt)}</dd>
            <dt>Seen</dt>
            <dd>
              {found.seen}: {found.new} new, {found.changed} changed, {found.ended} ended
            </dd>
            <dt>Requests</dt>
            <dd>{found.requests}</dd>
            {found.reason === null ? null : (
              <>
                <dt>Reason</dt>
                <dd>{found.reason}</dd>
              </>
            )}
          </dl>
        </>
      )}
    </States>
  );
}
