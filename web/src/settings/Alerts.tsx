import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { OnDemand } from '../lists/OnDemand.tsx';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { quantity } from '../ui/decimal.ts';
import { Field } from '../ui/Sheet.tsx';
import { Empty, Failed } from '../ui/States.tsx';
import { day, moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Choice, FormSheet } from './parts.tsx';
import { addAlert, type Alert, type NewAlert, readAlerts, readFirings, removeAlert } from './read.ts';
import { type SettingsSearch } from './search.ts';

export function Alerts({ search }: { readonly search: SettingsSearch }) {
  const page = useRead(['listAlerts', search], (signal) => readAlerts(search, signal), { keepsPrevious: true });
  const { data: me } = useMe();
  const [isNew, setNew] = useState(false);
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Deployment or meter" />
        <Csv path="/alerts" query={{ q: search.q }} file="alerts" />
        <Act operation="addAlert" needs="finance or operator" onAct={() => setNew(true)}>
          Add an alert
        </Act>
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={4}
        empty={
          <Empty title={search.q === undefined ? 'Nothing is watched yet.' : 'No alert matches.'}>
            <p>An alert fires once for a deployment and month, when what it costs or uses reaches a threshold.</p>
          </Empty>
        }
      >
        {({ items }) => (
          <DataTable label="Alerts" isCards>
            <thead>
              <tr>
                <th scope="col">Watched</th>
                <th scope="col" className={styles.figure}>
                  Threshold
                </th>
                <th scope="col">Of</th>
                <th scope="col">By</th>
                <th scope="col">Added</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((alert) => (
                <Row key={alert.alertId} alert={alert} now={me?.now ?? ''} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      <OnDemand title="what fired last">
        <Firings />
      </OnDemand>
      {isNew ? <AlertSheet onClose={() => setNew(false)} /> : null}
    </>
  );
}

function Row({ alert, now }: { readonly alert: Alert; readonly now: string }) {
  const { alertId, deployment, kind, threshold, unit, currency, basis, createdAt, createdBy } = alert;
  const change = useChange({ write: (id: number, headers) => removeAlert(id, headers) });
  const name = deployment ?? 'every deployment on a plan';
  return (
    <tr data-row="">
      <th scope="row">
        {deployment === null ? (
          name
        ) : (
          <Link to="/deployments/$deployment" params={{ deployment }} className={styles.name}>
            {deployment}
          </Link>
        )}
        {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
      </th>
      <td className={styles.figure} title={threshold}>
        {quantity(threshold)} {unit === 'percent' ? '%' : (currency ?? '')}
      </td>
      <td className={styles.spare}>{kind?.replaceAll('_', ' ') ?? 'what the month costs'}</td>
      <td className={styles.spare}>{basis === 'forecast' ? "the month's forecast" : 'what is metered so far'}</td>
      <td className={styles.spare}>
        {day(createdAt, now)} <span className={ui.note}>{createdBy}</span>
      </td>
      <td className={styles.rowActs}>
        <Act
          operation="removeAlert"
          needs="finance or operator"
          isBusy={change.state !== 'idle'}
          label={`Remove the alert on ${name}`}
          onAct={() => change.send(alertId)}
        >
          Remove
        </Act>
      </td>
    </tr>
  );
}

function Firings() {
  const page = useRead(['listAlertFirings'], readFirings);
  const { data: me } = useMe();
  return (
    <Listed query={page} cursor={undefined} rows={4} empty={<Empty title="Nothing fired yet." />}>
      {({ items }) => (
        <DataTable label="What fired">
          <thead>
            <tr>
              <th scope="col">Deployment</th>
              <th scope="col">Month</th>
              <th scope="col" className={styles.figure}>
                Value
              </th>
              <th scope="col" className={styles.figure}>
                Threshold
              </th>
              <th scope="col">Fired</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ alertId, deployment, month, value, threshold, unit, firedAt }) => (
              <tr key={`${alertId} ${deployment} ${month}`} data-row="">
                <th scope="row">{deployment}</th>
                <td>{monthName(month)}</td>
                <td className={styles.figure}>{quantity(value)}</td>
                <td className={styles.figure}>
                  {quantity(threshold)} {unit}
                </td>
                <td>{moment(firedAt, me?.now ?? firedAt)}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </Listed>
  );
}

function AlertSheet({ onClose }: { readonly onClose: () => void }) {
  const [deployment, setDeployment] = useState('');
  const [kind, setKind] = useState('');
  const [threshold, setThreshold] = useState('');
  const [unit, setUnit] = useState<'absolute' | 'percent'>('percent');
  const [currency, setCurrency] = useState('');
  const [basis, setBasis] = useState<'to_date' | 'forecast'>('to_date');
  const change = useChange({ write: (body: NewAlert, headers) => addAlert(body, headers), onDone: onClose });
  const body = /^\d{1,18}(\.\d{1,9})?$/.test(threshold)
    ? {
        deployment: deployment === '' ? null : deployment,
        kind: kind === '' ? null : kind,
        threshold,
        unit,
        currency: currency === '' ? null : currency.toUpperCase(),
        basis,
      }
    : null;
  return (
    <FormSheet title="Add an alert" onClose={onClose} change={change} body={body} verb="Add the alert">
      <Field label="Deployment (empty: every one on a plan)" value={deployment} onChange={setDeployment} />
      <Field label="Meter, such as droplet_hours (empty: what the month costs)" value={kind} onChange={setKind} />
      <Field label="Threshold" value={threshold} onChange={setThreshold} />
      <Choice
        label="Unit"
        value={unit}
        values={[
          ['percent', "percent of the allowance, or of the plan's base fee"],
          ['absolute', 'absolute'],
        ]}
        onChange={setUnit}
      />
      {unit === 'absolute' ? <Field label="Currency, of an amount" value={currency} onChange={setCurrency} /> : null}
      <Choice
        label="By"
        value={basis}
        values={[
          ['to_date', 'what is metered so far'],
          ['forecast', "the month's forecast"],
        ]}
        onChange={setBasis}
      />
    </FormSheet>
  );
}
