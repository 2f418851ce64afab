import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Empty } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { AdoptSheet } from './AdoptSheet.tsx';
import { type Declaration, readDeclarations } from './read.ts';
import type { DriftSearch } from './search.ts';
import { coversText, sourceWords } from './words.ts';

/** What is declared now, and the ways to declare more. */
export function Declarations({ search }: { readonly search: DriftSearch }) {
  const page = useRead(
    ['listDeclarations', search.q ?? null, search.cursor ?? null],
    (signal) => readDeclarations(search, signal),
    { keepsPrevious: true },
  );
  const { data: me } = useMe();
  const [isAdopting, setAdopting] = useState(false);
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Declaration, deployment or account" />
        <Act operation="adoptDeployment" needs="operator" onAct={() => setAdopting(true)}>
          Declare what a deployment has
        </Act>
        <Csv path="/declarations" query={{ q: search.q }} file="declarations" />
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={6}
        empty={<NoDeclarations isFiltered={search.q !== undefined} />}
      >
        {({ items }) => (
          <DataTable label="Declarations" isCards>
            <thead>
              <tr>
                <th scope="col">Declaration</th>
                <th scope="col" className={styles.figure}>
                  Resources
                </th>
                <th scope="col">Of</th>
                <th scope="col">Covers</th>
                <th scope="col">Made from</th>
                <th scope="col">Since</th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <Row key={row.declaration} row={row} now={me?.now ?? ''} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {isAdopting ? <AdoptSheet onClose={() => setAdopting(false)} /> : null}
    </>
  );
}

function Row({ row, now }: { readonly row: Declaration; readonly now: string }) {
  const { declaration, deployment, account, covers, resources, source, from, recordedBy } = row;
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="/declarations/$declaration" params={{ declaration }} search={inPeriod({})} className={styles.name}>
          {declaration}
        </Link>
      </th>
      <td className={styles.figure}>{grouped(String(resources))}</td>
      <td>{deployment ?? (account === null ? '–' : `account ${account}`)}</td>
      <td className={styles.spare}>{coversText(covers)}</td>
      <td className={styles.aside}>{sourceWords[source] ?? source.replaceAll('_', ' ')}</td>
      <td className={styles.spare}>
        {from === null ? '–' : moment(from, now)} <span className={ui.note}>{recordedBy}</span>
      </td>
    </tr>
  );
}

function NoDeclarations({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty title="No declaration matches.">
        <Link to="/drift" search={inPeriod({ tab: 'declarations' as const })} className={ui.link}>
          Clear the filters
        </Link>
      </Empty>
    );
  return (
    <Empty title="Nothing is declared yet.">
      <p>
        Declare what a deployment has now, above: right after, nothing differs. Or apply a file of yours:{' '}
        <code>arcadia declaration apply acme.yaml</code>, or a Terraform state:{' '}
        <code>arcadia declaration import terraform.tfstate</code>
      </p>
    </Empty>
  );
}
