import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Field } from '../ui/Sheet.tsx';
import { Empty } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { FormSheet, wholeOf } from './parts.tsx';
import { type Limit, type LimitChange, readLimits, setLimit } from './read.ts';

const everyKind: Limit = { resourceKind: '*', fromDay: '2000-01-01', gapAfterHours: 6, carryForwardHours: 72 };

export function Limits() {
  const page = useRead(['listObservationLimits'], readLimits);
  const { data: me } = useMe();
  const [edited, setEdited] = useState<Limit | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <p className={ui.note}>
          So long without a whole listing is a gap; its usage is estimated for so long, and not final beyond that.
        </p>
        <Act operation="setObservationLimit" needs="operator" onAct={() => setEdited(everyKind)}>
          Set a limit
        </Act>
      </div>
      <Listed query={page} cursor={undefined} rows={4} empty={<Empty title="No limit is set." />}>
        {({ items }) => (
          <DataTable label="Limits">
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col">From</th>
                <th scope="col" className={styles.figure}>
                  A gap after, hours
                </th>
                <th scope="col" className={styles.figure}>
                  Estimated for, hours
                </th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <tr key={`${row.resourceKind} ${row.fromDay}`} data-row="">
                  <th scope="row">{nameOf(row.resourceKind)}</th>
                  <td>{row.fromDay === '2000-01-01' ? 'the beginning' : day(row.fromDay, me?.now ?? '')}</td>
                  <td className={styles.figure}>{row.gapAfterHours}</td>
                  <td className={styles.figure}>{row.carryForwardHours}</td>
                  <td className={styles.rowActs}>
                    <Act
                      operation="setObservationLimit"
                      needs="operator"
                      label={`Change the limits of ${nameOf(row.resourceKind)}`}
                      onAct={() => setEdited(row)}
                    >
                      Change
                    </Act>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {edited === null ? null : <LimitSheet limit={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function nameOf(kind: string): string {
  return kind === '*' ? 'every kind without its own' : kind.replaceAll('_', ' ');
}

function LimitSheet({ limit, onClose }: { readonly limit: Limit; readonly onClose: () => void }) {
  const [kind, setKind] = useState(limit.resourceKind);
  const [gap, setGap] = useState(String(limit.gapAfterHours));
  const [carry, setCarry] = useState(String(limit.carryForwardHours));
  const [fromDay, setFromDay] = useState('');
  const change = useChange({ write: (body: LimitChange, headers) => setLimit(body, headers), onDone: onClose });
  const [gapAfterHours, carryForwardHours] = [wholeOf(gap), wholeOf(carry)];
  const body =
    gapAfterHours === null || carryForwardHours === null || kind === ''
      ? null
      : { resourceKind: kind, gapAfterHours, carryForwardHours, ...(fromDay === '' ? {} : { fromDay }) };
  return (
    <FormSheet title="Set a limit" onClose={onClose} change={change} body={body} verb="Set the limit">
      <Field label="Kind of resource (*: every kind without its own)" value={kind} onChange={setKind} />
      <Field label="A gap after, hours without a whole listing" value={gap} onChange={setGap} />
      <Field label="Usage is estimated for, hours" value={carry} onChange={setCarry} />
      <Field label="From (UTC day; empty: from today on)" type="date" value={fromDay} onChange={setFromDay} />
    </FormSheet>
  );
}
