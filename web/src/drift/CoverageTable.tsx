import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv } from '../lists/parts.tsx';
import { grouped } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { Coverage } from './read.ts';

/** What cannot be seen: of it nothing opens, nothing is resolved, and nothing is guessed. */
export function CoverageTable({ query }: { readonly query: UseQueryResult<Coverage, Error> }) {
  const { data: me } = useMe();
  const now = me?.now ?? '';
  return (
    <>
      <div className={styles.tools}>
        <p className={ui.note}>What cannot be seen is not compared: nothing of it opens, and nothing is resolved.</p>
        <Csv path="/drift/coverage" query={{}} file="not-seen" />
      </div>
      <States query={query} rows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Everything that counts is seen.">
              <p>Listings that are not whole and settings that a token may not read appear here.</p>
            </Empty>
          ) : (
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
                {items.map(({ account, kind, field, reason, since, resources, declared }) => (
                  <tr key={`${account} ${kind} ${field}`} data-row="">
                    <th scope="row">
                      {field === null ? kind.replaceAll('_', ' ') : `${field} of ${kind.replaceAll('_', ' ')}`}
                    </th>
                    <td>
                      <Link to="/accounts/$account" params={{ account }} className={styles.name}>
                        {account}
                      </Link>
                    </td>
                    <td className={styles.wide}>{reason}</td>
                    <td className={styles.aside}>{since === null ? 'never' : moment(since, now)}</td>
                    <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(resources))}</td>
                    <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(declared))}</td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
          )
        }
      </States>
    </>
  );
}
