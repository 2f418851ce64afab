import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Choice, FormSheet, wholeOf } from '../settings/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Field } from '../ui/Sheet.tsx';
import { Empty } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { SeverityMark } from './Parts.tsx';
import { readRules, type Rule, type RuleChange, setRule } from './read.ts';
import { type DriftSearch, severities, type Severity } from './search.ts';
import { ruleText, valueText } from './words.ts';

/** What counts as an unexpected change, and how severe it is. */
export function RuleList({ search }: { readonly search: DriftSearch }) {
  const page = useRead(
    ['listDriftRules', search.q ?? null, search.cursor ?? null],
    (signal) => readRules(search, signal),
    {
      keepsPrevious: true,
    },
  );
  const [edited, setEdited] = useState<Rule | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Rule, account or deployment" />
        <Csv path="/drift-rules" query={{ q: search.q }} file="what-counts" />
        <p className={ui.note}>An account or a deployment can have its own: the most specific holds.</p>
      </div>
      <Listed query={page} cursor={search.cursor} rows={12} empty={<Empty title="No rule matches." />}>
        {({ items }) => (
          <DataTable label="What counts" isCards>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Severity</th>
                <th scope="col">Of</th>
                <th scope="col">With</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((rule) => (
                <Row key={`${rule.rule} ${whoseOf(rule)}`} rule={rule} onEdit={() => setEdited(rule)} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {edited === null ? null : <RuleSheet rule={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function whoseOf({ account, deployment }: Rule): string {
  return deployment ?? (account === null ? 'all' : `account ${account}`);
}

function Row({ rule, onEdit }: { readonly rule: Rule; readonly onEdit: () => void }) {
  return (
    <tr data-row="">
      <th scope="row" title={rule.finds}>
        {ruleText(rule.rule)}
      </th>
      <td>{rule.enabled ? <SeverityMark severity={rule.severity} /> : <span className={styles.muted}>off</span>}</td>
      <td>{whoseOf(rule)}</td>
      <td className={`${styles.wide} ${styles.spare}`}>
        {Object.entries(rule.parameters)
          .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${valueText(value)}`)
          .join('; ') || '–'}
      </td>
      <td className={styles.rowActs}>
        <Act
          operation="setDriftRule"
          needs="operator"
          label={`Change: ${ruleText(rule.rule)}, ${whoseOf(rule)}`}
          onAct={onEdit}
        >
          Change
        </Act>
      </td>
    </tr>
  );
}

function RuleSheet({ rule, onClose }: { readonly rule: Rule; readonly onClose: () => void }) {
  const [isOn, setOn] = useState<'on' | 'off'>(rule.enabled ? 'on' : 'off');
  const [severity, setSeverity] = useState<Severity>(rule.severity);
  const [days, setDays] = useState<Readonly<Record<string, string>>>(
    Object.fromEntries(
      Object.entries(rule.parameters).flatMap(([name, value]) =>
        typeof value === 'number' ? [[name, String(value)]] : [],
      ),
    ),
  );
  const change = useChange({ write: (body: RuleChange, headers) => setRule(rule, body, headers), onDone: onClose });
  const parameters = Object.entries(days).map(([name, text]) => [name, wholeOf(text)] as const);
  const body = parameters.some(([, value]) => value === null)
    ? null
    : {
        enabled: isOn === 'on',
        severity,
        parameters: Object.fromEntries(parameters.flatMap(([name, value]) => (value === null ? [] : [[name, value]]))),
      };
  return (
    <FormSheet title={ruleText(rule.rule)} onClose={onClose} change={change} body={body} verb="Save">
      <p>
        {rule.finds}. It applies to {whoseOf(rule)}, from now on; what it found is compared again.
      </p>
      <Choice
        label="Counts"
        value={isOn}
        values={[
          ['on', 'yes'],
          ['off', 'no'],
        ]}
        onChange={setOn}
      />
      <Choice
        label="Severity"
        value={severity}
        values={severities.map((each) => [each, each] as const)}
        onChange={setSeverity}
      />
      {Object.entries(days).map(([name, text]) => (
        <Field
          key={name}
          label={name.replaceAll('_', ' ')}
          value={text}
          onChange={(value) => setDays({ ...days, [name]: value })}
        />
      ))}
    </FormSheet>
  );
}
