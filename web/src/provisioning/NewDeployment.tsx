import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { readStatus } from '../accounts/read.ts';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Field } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Empty, Failed, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { AcceptUnmetered } from './AcceptUnmetered.tsx';
import { BlueprintField } from './BlueprintField.tsx';
import { givenOf, openOf, ParameterFields, parametersOf } from './ParameterFields.tsx';
import own from './provisioning.module.css';
import {
  type Creation,
  proposeCreation,
  type ProposalDetail,
  readCustomers,
  useBlueprint,
  useBlueprints,
  useProposal,
} from './read.ts';
import { Refused } from './Refused.tsx';

/** Whose it is and with which parameters: what comes of it is a proposal. */
export function NewDeployment() {
  const { blueprint, from } = useSearch({ from: '/provisioning/new' });
  const before = useProposal(from ?? '', from !== undefined);
  const blueprints = useBlueprints({});
  return (
    <div className={styles.page}>
      <header>
        <p className={styles.crumb}>
          <Link to="/provisioning" search={inPeriod({})}>
            Provisioning
          </Link>
        </p>
        <h1 tabIndex={-1}>New deployment</h1>
        <p className={ui.note}>
          Proposed first, with the money for both sides: nothing is created, and nothing is written to the provider.
        </p>
      </header>
      <States query={blueprints} rows={6}>
        {({ items }) => {
          const names = items.map((each) => each.blueprint);
          if (names.length === 0) return <NoBlueprints />;
          if (from === undefined)
            return <Form key={blueprint ?? ''} blueprint={blueprint ?? ''} names={names} before={null} />;
          return (
            <States query={before} rows={6}>
              {(data) => <Form key={data.hash} blueprint={data.blueprint ?? ''} names={names} before={data} />}
            </States>
          );
        }}
      </States>
    </div>
  );
}

interface FormProps {
  readonly blueprint: string;
  /** Of all blueprints. */
  readonly names: readonly string[];
  /** The proposal that is proposed again. */
  readonly before: ProposalDetail | null;
}

function Form({ blueprint: suggested, names, before }: FormProps) {
  const navigate = useNavigate();
  const [blueprint, setBlueprint] = useState(suggested);
  const [deployment, setDeployment] = useState(before?.deployment ?? '');
  const [name, setName] = useState('');
  const [customer, setCustomer] = useState(before?.customer ?? '');
  const [account, setAccount] = useState(before?.account ?? '');
  const [values, setValues] = useState(openOf(before?.parameters ?? {}));
  const [isAccepted, setAccepted] = useState(false);
  const detail = useBlueprint(blueprint, { enabled: blueprint !== '' });
  const change = useChange({
    write: (body: Creation, headers) => proposeCreation(body, headers),
    onDone: ({ hash }) => void navigate({ to: '/proposals/$hash', params: { hash }, search: inPeriod({}) }),
  });
  const send = () =>
    change.send({
      deployment: deployment.trim(),
      customer: customer.trim(),
      blueprint,
      ...(name.trim() === '' ? {} : { name: name.trim() }),
      ...(account === '' ? {} : { account }),
      parameters: givenOf(values),
      acceptUnmetered: isAccepted,
    });
  const isWhole = blueprint !== '' && deployment.trim() !== '' && customer.trim() !== '';
  return (
    <form
      className={`${ui.card} ${ui.cardBody} ${own.form}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole) send();
      }}
    >
      <BlueprintField value={blueprint} names={names} onChange={setBlueprint} />
      <Field label="Slug of the deployment, such as beta-shop" value={deployment} onChange={setDeployment} />
      <Field label="Name (optional: the slug unless given)" value={name} onChange={setName} />
      <CustomerField value={customer} onChange={setCustomer} />
      <AccountField value={account} onChange={setAccount} />
      {detail.error === null ? null : <Failed problem={detail.error} onRetry={() => void detail.refetch()} />}
      <ParameterFields
        declared={detail.data === undefined ? [] : parametersOf(detail.data.document)}
        values={values}
        onChange={setValues}
        empty={null}
      />
      <AcceptUnmetered isAccepted={isAccepted} onChange={setAccepted} />
      {change.problem === null ? null : <Refused problem={change.problem} onRetry={send} />}
      <Act
        operation="proposeCreation"
        needs="operator"
        isPrimary
        isBusy={!isWhole || change.state !== 'idle'}
        onAct={send}
      >
        {busyWord(change.state) ?? 'Propose'}
      </Act>
    </form>
  );
}

function NoBlueprints() {
  return (
    <Empty title="No blueprints yet.">
      <p>
        A blueprint says what a deployment consists of. Write one from a deployment that is there, or apply a file of
        your own.
      </p>
      <Link to="/provisioning" search={inPeriod({ tab: 'blueprints' as const })} className={ui.link}>
        To the blueprints
      </Link>
    </Empty>
  );
}

interface ChoiceProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function CustomerField({ value, onChange }: ChoiceProps) {
  const [isAsked, setAsked] = useState(false);
  const found = useQuery({
    queryKey: ['customerChoice', value],
    queryFn: ({ signal }) => readCustomers(value, signal),
    enabled: isAsked,
  });
  return (
    <label className={sheet.label}>
      Customer
      <input
        className={sheet.input}
        list="customers-to-choose"
        value={value}
        autoComplete="off"
        placeholder="Id or name"
        onFocus={() => setAsked(true)}
        onChange={({ target }) => onChange(target.value)}
      />
      <datalist id="customers-to-choose">
        {found.data?.items.map(({ customer, name }) => (
          <option key={customer} value={customer}>
            {name}
          </option>
        ))}
      </datalist>
    </label>
  );
}

/** Where there is one account there is nothing to choose. */
function AccountField({ value, onChange }: ChoiceProps) {
  const status = useRead(['getAccountsStatus'], readStatus);
  const accounts = status.data?.accounts ?? [];
  if (accounts.length < 2) return null;
  return (
    <label className={sheet.label}>
      Account in which it is created
      <select className={sheet.input} value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">choose one</option>
        {accounts.map(({ account }) => (
          <option key={account} value={account}>
            {account}
          </option>
        ))}
      </select>
    </label>
  );
}
