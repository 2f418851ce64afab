import { Link } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed } from '../lists/parts.tsx';
import { grouped } from '../ui/decimal.ts';
import { Empty } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type Coverage, useCoverage } from './read.ts';
import { reasonText, unseenText } from './words.ts';

/** What cannot be seen: of it nothing opens, nothing is resolved, and nothing is guessed. */
export function CoverageTable({ cursor }: { readonly cursor: string | undefined }) {
  const { data: me } = useMe();
  const page = useCoverage(cursor);
  return (
    <>
      <div className={styles.tools}>
        <p className={ui.note}>What cannot be seen is not compared: nothing of it opens, and nothing is resolved.</p>
        <Csv path="/drift/coverage" query={{}} file="not-seen" />
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={6}
        empty={
          <Empty title="Everything that counts is seen.">
            <p>Listings that are not whole and settings that a token may not read appear here.</p>
          </Empty>
        }
      >
        {({ items }) => (
          <DataTable label="What is not seen" isCards>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Account</th>
                <th scope="col">Why</th>
                <th scope="col">Last seen whole</th>
                <th scope="col" className={styles.figure}>
                  Resources
                </th>
                <th scope="col" className={styles.figure}>
                  Declared of them
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <Row key={`${row.account} ${row.kind} ${row.field}`} row={row} now={me?.now ?? ''} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
    </>
  );
}

function Row({ row, now }: { readonly row: Coverage['items'][number]; readonly now: string }) {
  const { account, reason, since, resources, declared } = row;
  return (
    <tr data-row="">
      <th scope="row">{unseenText(row)}</th>
      <td>
        <Link to="/accounts/$account" params={{ account }} search={inPeriod({})} className={styles.name}>
          {account}
        </Link>
      </td>
      <td className={styles.wide}>{reasonText(reason)}</td>
      <td className={styles.aside}>{since === null ? 'never' : moment(since, now)}</td>
      <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(resources))}</td>
      <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(declared))}</td>
    </tr>
  );
}
