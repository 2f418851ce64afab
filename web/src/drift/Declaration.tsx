import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { Empty, Failed, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './drift.module.css';
import {
  type DeclarationDetail,
  type Declared,
  endDeclaration,
  readDeclaration,
  readVersions,
  type Totals,
  useGroups,
  type Versions,
} from './read.ts';
import { coversText, fieldText, monthlyText, sourceWords, valueText } from './words.ts';

/** What should a deployment or an account consist of, and what did it say before? */
export function Declaration() {
  const { declaration } = useParams({ from: '/declarations/$declaration' });
  const { cursor } = useSearch({ from: '/declarations/$declaration' });
  const detail = useRead(['getDeclaration', declaration], (signal) => readDeclaration(declaration, signal));
  const versions = useRead(
    ['listDeclarationVersions', declaration, cursor ?? null],
    (signal) => readVersions(declaration, cursor, signal),
    { keepsPrevious: true },
  );
  const { data: me } = useMe();
  const now = me?.now ?? '';
  return (
    <div className={styles.page}>
      <States query={detail} rows={10} title="Declaration">
        {(data) => (
          <div className={styles.page}>
            <Head detail={data} now={now} />
            <Resources resources={data.resources} />
            <Ignored ignore={data.ignore} now={now} />
            <section className={`${ui.card} ${styles.card}`} aria-labelledby="versions">
              <div className={ui.cardHead}>
                <h2 id="versions">What it said when</h2>
                <span className={ui.note}>the newest first</span>
              </div>
              <Listed query={versions} cursor={cursor} rows={3} empty={<Empty title="It has said nothing yet." />}>
                {({ items }) => <VersionTable items={items} now={now} />}
              </Listed>
            </section>
          </div>
        )}
      </States>
    </div>
  );
}

function Head({ detail: { declaration: of }, now }: { readonly detail: DeclarationDetail; readonly now: string }) {
  const { declaration, deployment, account, covers, resources, source, from, recordedBy, serial } = of;
  const [isEnding, setEnding] = useState(false);
  const whose = deployment ?? (account === null ? declaration : `account ${account}`);
  return (
    <header className={styles.head}>
      <div>
        <p className={styles.crumb}>
          <Link to="/drift" search={inPeriod({ tab: 'declarations' as const })}>
            Declarations
          </Link>
        </p>
        <h1 tabIndex={-1}>
          {declaration}: {grouped(String(resources))} {resources === 1 ? 'resource' : 'resources'} of {whose}.
        </h1>
        <p className={ui.note}>
          {from === null ? '' : `Since ${moment(from, now)}, `}by {recordedBy}; made from{' '}
          {sourceWords[source] ?? source.replaceAll('_', ' ')}
          {serial === null ? '' : `, serial ${serial}`}; covers {coversText(covers)}
        </p>
      </div>
      <div className={styles.tools}>
        <Link to="/drift" search={inPeriod({ tab: 'each' as const, declaration })} className={ui.button}>
          What differs
        </Link>
        <a className={ui.button} href={`/api/v1/declarations/${declaration}/export`} download={`${declaration}.yaml`}>
          YAML
        </a>
        <Act operation="endDeclaration" needs="operator" onAct={() => setEnding(true)}>
          End
        </Act>
      </div>
      {isEnding ? <EndSheet declaration={declaration} resources={resources} onClose={() => setEnding(false)} /> : null}
    </header>
  );
}

interface EndSheetProps {
  readonly declaration: string;
  readonly resources: number;
  readonly onClose: () => void;
}

function EndSheet({ declaration, resources, onClose }: EndSheetProps) {
  const navigate = useNavigate();
  const found = useGroups({ declaration }, true);
  const change = useChange({
    write: (of: string, headers) => endDeclaration(of, headers),
    onDone: () => void navigate({ to: '/drift', search: inPeriod({ tab: 'declarations' as const }) }),
  });
  return (
    <Sheet
      title={`End declaration ${declaration}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={change.state !== 'idle'}
          onClick={() => change.send(declaration)}
        >
          {busyWord(change.state) ?? `End it: ${resources} no longer compared`}
        </button>
      }
    >
      <p>From now on nothing is compared with it. What it said stays in its history, and it can be applied again.</p>
      <States query={found} rows={1}>
        {({ totals }) => <p role="status">{resolvedText(totals)}</p>}
      </States>
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => change.send(declaration)} />
      )}
    </Sheet>
  );
}

/** What it found is resolved with it: how many, and what they add to a month. */
function resolvedText(totals: Totals): string {
  const count = totals.findings + totals.settling;
  if (count === 0) return 'It has found nothing that differs: nothing is resolved.';
  const costs = monthlyText(totals, true);
  const are = count === 1 ? 'unexpected change of it is resolved' : 'unexpected changes of it are resolved';
  return `${count} ${are}${costs === '' ? '' : `, though what differs ${costs} all the same`}.`;
}

function Resources({ resources }: { readonly resources: readonly Declared[] }) {
  return (
    <DataTable label="Declared resources">
      <thead>
        <tr>
          <th scope="col">Address</th>
          <th scope="col">Kind</th>
          <th scope="col">Found by</th>
          <th scope="col">Is</th>
          <th scope="col">Fields</th>
        </tr>
      </thead>
      <tbody>
        {resources.map((one) => (
          <Row key={one.address} declared={one} />
        ))}
      </tbody>
    </DataTable>
  );
}

function Row({ declared }: { readonly declared: Declared }) {
  const { address, kind, externalId, match, count, fields, boundTo } = declared;
  const entries = Object.entries(fields);
  return (
    <tr data-row="">
      <th scope="row" className={ui.mono}>
        {address}
      </th>
      <td>
        {kind.replaceAll('_', ' ')}
        {count === null ? '' : `, ${valueText(count)}`}
      </td>
      <td>
        {externalId === null
          ? `name ${match?.name ?? ''}${match?.region === undefined ? '' : ` in ${match.region}`}`
          : `id ${externalId}`}
      </td>
      <td className={ui.mono}>{boundTo ?? '–'}</td>
      <td className={styles.wide}>
        {entries.length === 0 ? (
          'that it is there'
        ) : (
          <details>
            <summary>
              {entries.length} {entries.length === 1 ? 'field' : 'fields'}
            </summary>
            <dl className={styles.facts}>
              {entries.map(([name, value]) => (
                <div key={name} style={{ display: 'contents' }}>
                  <dt>{fieldText(name)}</dt>
                  <dd>{valueText(value)}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </td>
    </tr>
  );
}

function Ignored({ ignore, now }: { readonly ignore: DeclarationDetail['ignore']; readonly now: string }) {
  if (ignore.length === 0) return null;
  return (
    <section className={ui.card} aria-labelledby="ignored">
      <div className={ui.cardHead}>
        <h2 id="ignored">Ignored by the declaration</h2>
      </div>
      <ul className={`${ui.cardBody} ${own.list}`}>
        {ignore.map(({ fields = [], addresses = [], reason, until }) => (
          <li key={`${fields.join()} ${addresses.join()} ${reason}`}>
            <span>
              {[...fields, ...addresses].join(', ')}: {reason}
            </span>
            <span>{until === undefined ? 'without end' : `until ${moment(until, now)}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function VersionTable({ items, now }: { readonly items: Versions['items']; readonly now: string }) {
  return (
    <DataTable label="Versions">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col" className={styles.figure}>
            Resources
          </th>
          <th scope="col">Made from</th>
          <th scope="col">By</th>
          <th scope="col">Recorded</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ from, to, resources, source, recordedBy, recordedAt, supersededAt }) => (
          <tr key={`${from} ${to} ${recordedAt} ${supersededAt}`} data-row="">
            <th scope="row">{from === null ? 'the beginning' : moment(from, now)}</th>
            <td>
              {to !== null ? moment(to, now) : supersededAt === null ? 'it holds' : 'as was believed, without end'}
            </td>
            <td className={styles.figure}>{grouped(String(resources))}</td>
            <td>{sourceWords[source] ?? source.replaceAll('_', ' ')}</td>
            <td>{recordedBy}</td>
            <td title={exactMoment(recordedAt)}>
              {moment(recordedAt, now)}
              {supersededAt === null ? '' : `, replaced ${moment(supersededAt, now)}`}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
