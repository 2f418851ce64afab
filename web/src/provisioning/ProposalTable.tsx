import { Link } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { More, ProposalState } from './Parts.tsx';
import own from './provisioning.module.css';
import type { Proposal } from './read.ts';
import { purposeWords } from './words.ts';

/** Each with what it does, what it adds to a month on both sides, and until when it holds. */
export function ProposalTable({ items, now }: { readonly items: readonly Proposal[]; readonly now: string }) {
  return (
    <DataTable label="Proposals" isCards>
      <thead>
        <tr>
          <th scope="col">Proposal</th>
          <th scope="col">State</th>
          <th scope="col" className={styles.figure}>
            Steps
          </th>
          <th scope="col" className={styles.figure}>
            Our month
          </th>
          <th scope="col" className={styles.figure}>
            The customer's month
          </th>
          <th scope="col">Proposed</th>
          <th scope="col">Expires</th>
          <th scope="col">Rollout</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.hash} data-row="">
            <th scope="row">
              <Link to="/proposals/$hash" params={{ hash: one.hash }} search={inPeriod({})} className={styles.name}>
                {purposeWords[one.purpose]} {one.deployment}
              </Link>
            </th>
            <td>
              <ProposalState state={one.state} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>{one.steps}</td>
            <td className={styles.figure}>
              <span className={`${styles.muted} ${own.onCard}`}>ours </span>
              <More amount={one.difference} currency={one.currency} none="" />
            </td>
            <td className={styles.figure}>
              <span className={`${styles.muted} ${own.onCard}`}>the customer's </span>
              <More amount={one.customersDifference} currency={one.customersCurrency} none="no plan" />
            </td>
            <td className={styles.spare} title={exactMoment(one.proposedAt)}>
              {moment(one.proposedAt, now)} <span className={ui.note}>{one.proposedBy}</span>
            </td>
            <td className={styles.spare} title={exactMoment(one.expiresAt)}>
              {moment(one.expiresAt, now)}
            </td>
            <td className={one.rollout === null ? styles.spare : undefined}>
              {one.rollout === null ? (
                '–'
              ) : (
                <Link
                  to="/rollouts/$rollout"
                  params={{ rollout: String(one.rollout) }}
                  search={inPeriod({})}
                  className={ui.link}
                >
                  Rollout {one.rollout}
                </Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
