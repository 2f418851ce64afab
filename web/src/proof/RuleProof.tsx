import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { States } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import { Rung } from './parts.tsx';
import styles from './proof.module.css';

/** A rule by which resources have an owner. */
export function RuleProof({ rule }: { readonly rule: number; readonly now: string }) {
  const proof = useRead(['getRule', rule], (signal) =>
    bodyOf(api.GET('/rules/{rule}', { params: { path: { rule } }, signal })),
  );
  return (
    <States query={proof} rows={6}>
      {({ versions, owns }) => {
        const [present] = versions;
        return (
          <>
            <p className={styles.sentence}>
              Rule {rule}
              {present === undefined ? '' : `, by ${present.kind.replaceAll('_', ' ')}`}
              {present?.pattern == null ? '' : ` ${present.pattern}`}
              {present?.projectName == null ? '' : ` ${present.projectName}`}.
            </p>
            <Rung title="Owns now">
              <ul className={styles.lines}>
                {owns.map(({ kind, resources }) => (
                  <li key={kind}>
                    <span>{kind.replaceAll('_', ' ')}</span>
                    <span>{resources}</span>
                  </li>
                ))}
              </ul>
            </Rung>
            <Rung title="What it said">
              <ul className={styles.intervals}>
                {versions.map((version, at) => (
                  <li key={at}>
                    {version.from === null ? 'From the beginning' : `From ${exactMoment(version.from)}`}
                    {version.to === null ? '' : ` to ${exactMoment(version.to)}`}:{' '}
                    {version.owners?.map(({ deployment }) => deployment).join(', ') ?? 'it finds the owner itself'};
                    written by {version.recordedBy}
                    {version.recordedAt === null ? '' : `, ${exactMoment(version.recordedAt)}`}
                    {version.supersededAt === null ? '' : `; superseded ${exactMoment(version.supersededAt)}`}.
                  </li>
                ))}
              </ul>
            </Rung>
          </>
        );
      }}
    </States>
  );
}
