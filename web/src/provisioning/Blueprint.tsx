import { Link, useParams, useSearch } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Empty, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { parametersOf } from './ParameterFields.tsx';
import own from './provisioning.module.css';
import { type BlueprintDetail, type Blueprint as One, useBlueprint, useBlueprintFile } from './read.ts';

/** What deployments are created by, as its file says it. */
export function Blueprint() {
  const { blueprint } = useParams({ from: '/blueprints/$blueprint' });
  const { version } = useSearch({ from: '/blueprints/$blueprint' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const query = useBlueprint(blueprint, version === undefined ? {} : { version: parseInt(version, 10) });
  return (
    <States query={query} rows={14} title="Blueprint">
      {(data) => (
        <div className={styles.page}>
          <header className={styles.head}>
            <div>
              <p className={styles.crumb}>
                <Link to="/provisioning" search={inPeriod({ tab: 'blueprints' as const })}>
                  Blueprints
                </Link>
              </p>
              <h1 tabIndex={-1}>
                {blueprint}, version {data.version}
              </h1>
              <p className={ui.note}>
                <span title={exactMoment(data.appliedAt)}>applied {moment(data.appliedAt, now)}</span> by{' '}
                {data.appliedBy}, {data.plan === null ? 'no plan' : `plan ${data.plan}`}
                {data.hasUserData ? ', with user data that is kept sealed' : ''}
                {data.version === data.history[0]?.version
                  ? ''
                  : '. Not the newest: deployments are created by that one.'}
              </p>
            </div>
            <div className={styles.tools}>
              <Link to="/provisioning/new" search={inPeriod({ blueprint })} className={`${ui.button} ${ui.primary}`}>
                New deployment from this
              </Link>
              <a
                className={ui.button}
                href={`/api/v1/blueprints/${encodeURIComponent(blueprint)}/export?version=${data.version}`}
                download={`${blueprint}.yaml`}
              >
                YAML
              </a>
            </div>
          </header>
          <Parameters document={data.document} />
          <File of={data} />
          {data.history.length < 2 ? null : <Versions of={data} now={now} />}
        </div>
      )}
    </States>
  );
}

function Parameters({ document }: { readonly document: Readonly<Record<string, unknown>> }) {
  const declared = parametersOf(document);
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="parameters">
      <div className={ui.cardHead}>
        <h2 id="parameters">Parameters</h2>
        <span className={ui.note}>given for each deployment</span>
      </div>
      {declared.length === 0 ? (
        <Empty title="It has none: each deployment of it is alike." />
      ) : (
        <DataTable label="Parameters">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">Unless given</th>
              <th scope="col">May be</th>
            </tr>
          </thead>
          <tbody>
            {declared.map(([name, { type, default: usual, range }]) => (
              <tr key={name} data-row="">
                <th scope="row">{name}</th>
                <td>{type}</td>
                <td>{usual ?? 'has to be given'}</td>
                <td className={own.says}>{range}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  );
}

function Versions({
  of: { blueprint, version, history },
  now,
}: {
  readonly of: BlueprintDetail;
  readonly now: string;
}) {
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="versions">
      <div className={ui.cardHead}>
        <h2 id="versions">Versions</h2>
        <span className={ui.note}>the newest first</span>
      </div>
      <DataTable label="Versions">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Applied</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {history.map((each) => (
            <tr key={each.version} data-row="">
              <th scope="row">
                {each.version === version ? (
                  <>{each.version}, shown here</>
                ) : (
                  <Link
                    to="/blueprints/$blueprint"
                    params={{ blueprint }}
                    search={inPeriod({ version: String(each.version) })}
                    className={ui.link}
                  >
                    {each.version}
                  </Link>
                )}
              </th>
              <td title={exactMoment(each.appliedAt)}>{moment(each.appliedAt, now)}</td>
              <td>{each.appliedBy}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}

function File({ of }: { readonly of: One }) {
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="file">
      <div className={ui.cardHead}>
        <h2 id="file">Its file</h2>
        <span className={ui.note}>applied again it changes nothing</span>
      </div>
      <States query={useBlueprintFile(of)} rows={12}>
        {(text) => (
          <div className={own.file} role="region" aria-label="The blueprint, in YAML" tabIndex={0}>
            {text}
          </div>
        )}
      </States>
    </section>
  );
}
