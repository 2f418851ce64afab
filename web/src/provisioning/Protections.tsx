import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Empty, Failed } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './provisioning.module.css';
import { protect, type Protection, unprotect, type Unprotected, useProtections } from './read.ts';
import type { ProvisioningSearch } from './search.ts';

interface ProtectionsProps {
  readonly search: ProvisioningSearch;
  readonly head: (title: string) => ReactNode;
}

/** What no rollout may destroy. */
export function Protections({ search: { q, cursor }, head }: ProtectionsProps) {
  const page = useProtections({ q, cursor });
  const { data: me } = useMe();
  const [ending, setEnding] = useState<Protection | null>(null);
  const total = page.data?.total;
  return (
    <>
      {head(total === undefined ? 'Protected' : total === 0 ? 'Nothing is protected' : `${total} protected.`)}
      <div className={styles.tools}>
        <SearchField q={q} label="Deployment, resource or reason" />
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={8}
        empty={
          q === undefined ? (
            <Empty title="Nothing is protected.">
              <p>Protect a deployment on its own page, or a resource by its id:</p>
              <code>arcadia resource protect RESOURCE --reason &apos;holds the orders&apos;</code>
            </Empty>
          ) : (
            <Empty title="Nothing matches." />
          )
        }
      >
        {({ items }) => (
          <DataTable label="Protected" isCards>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Since</th>
                <th scope="col">Why</th>
                <th scope="col">
                  <span className="visually-hidden">What can be done</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.protection} data-row="">
                  <th scope="row">
                    <What of={one} />
                  </th>
                  <td title={exactMoment(one.protectedAt)}>
                    {moment(one.protectedAt, me?.now ?? '')} <span className={ui.note}>{one.protectedBy}</span>
                  </td>
                  <td className={own.says}>{one.reason}</td>
                  <td className={styles.rowActs}>
                    <Act
                      operation="unprotectResource"
                      needs="owner"
                      label={`Unprotect ${nameOf(one)}`}
                      onAct={() => setEnding(one)}
                    >
                      Unprotect
                    </Act>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {ending === null ? null : (
        <UnprotectSheet of={unprotected(ending)} name={nameOf(ending)} onClose={() => setEnding(null)} />
      )}
    </>
  );
}

function nameOf({ deployment, resource }: Protection): string {
  return deployment ?? resource ?? '';
}

function unprotected({ deployment, resource }: Protection): Unprotected {
  return deployment === null ? { resource: resource ?? '' } : { deployment };
}

function What({ of: { deployment, resource } }: { readonly of: Protection }) {
  if (deployment === null) return <span className={ui.mono}>{resource}</span>;
  return (
    <Link to="/deployments/$deployment" params={{ deployment }} search={inPeriod({})} className={styles.name}>
      all of {deployment}
    </Link>
  );
}

/** No rollout destroys any of it from then on. */
export function ProtectSheet({ deployment, onClose }: { readonly deployment: string; readonly onClose: () => void }) {
  const [reason, setReason] = useState('');
  const change = useChange({
    write: (why: string, headers) => protect(deployment, why, headers),
    onDone: onClose,
  });
  const send = () => change.send(reason.trim());
  return (
    <Sheet
      title={`Protect ${deployment}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={reason.trim() === '' || change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? 'Protect'}
        </button>
      }
    >
      <p>A proposal to take it down is blocked, and an undo leaves it there, until an owner ends the protection.</p>
      <Field label="Why, for the record" value={reason} onChange={setReason} rows={3} />
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}

interface UnprotectSheetProps {
  readonly of: Unprotected;
  readonly name: string;
  readonly onClose: () => void;
}

export function UnprotectSheet({ of, name, onClose }: UnprotectSheetProps) {
  const change = useChange({ write: (body: Unprotected, headers) => unprotect(body, headers), onDone: onClose });
  return (
    <Sheet
      title={`Unprotect ${name}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={change.state !== 'idle'}
          onClick={() => change.send(of)}
        >
          {busyWord(change.state) ?? 'Unprotect'}
        </button>
      }
    >
      <p>From then on an approved proposal may destroy it. Nothing is destroyed by this alone.</p>
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(of)} />}
    </Sheet>
  );
}
