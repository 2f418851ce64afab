import type { getProposal } from '../../provisioning/operations/proposals.ts';
import { type Column, fields, moment, table } from '../engine/output.ts';
import type { AnswerOf } from '../engine/views.ts';

export type Proposal = AnswerOf<typeof getProposal>;

const stepColumns: readonly Column<Proposal['stepList'][number] & { readonly place: number }>[] = [
  { header: '#', value: (row) => String(row.place), align: 'right' },
  { header: 'step', value: (row) => row.says },
  { header: 'undo', value: (row) => row.undo },
  { header: 'loses', value: (row) => row.loses },
];

/** As people are shown it. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}

export function proposalText(proposal: Proposal): string {
  const { ours, customers, problems, notes, stays, stepList } = proposal;
  const { before, after, difference } = ours.monthly;
  const steps = stepList.map((step, index) => ({ ...step, place: index + 1 }));
  return [
    fields([
      ['proposal', `${shortHash(proposal.hash)} to ${proposal.purpose} ${proposal.deployment} of ${proposal.customer}`],
      ['state', proposal.state.replaceAll('_', ' ')],
      ['valid until', moment(proposal.expiresAt)],
      ...(proposal.blueprint === null
        ? []
        : [['blueprint', `${proposal.blueprint}, version ${proposal.version}`] as const]),
      ['ours', `${after} ${ours.currency} a month (${before} now, difference ${difference})`],
      ['ours now', `${ours.restOfMonth} ${ours.currency} for the rest of the month`],
      ...(customers === null ? [] : customersText(customers)),
    ]),
    ...(steps.length === 0 ? ['Nothing has to be done.'] : [table(steps, stepColumns)]),
    ...(ours.unknown.length === 0 ? [] : [`Of no known price: ${ours.unknown.join(', ')}.`]),
    ...stays.map(
      ({ what, why, monthly }) =>
        `Stays: ${what}: ${why}${monthly === null ? '' : ` (${monthly} ${ours.currency} a month at most)`}.`,
    ),
    ...notes.map((note) => `Note: ${note}`),
    ...problems.map((problem) => `Blocked: ${problem}`),
    `Hash: ${proposal.hash}`,
  ].join('\n\n');
}

function customersText({ currency, months, margin, restOfMonth }: NonNullable<Proposal['customers']>) {
  return [
    ...(restOfMonth === null ? [] : [['customer now', restText(restOfMonth, currency)] as const]),

    ...months.map(
      ({ month, plan, before, after, difference }) =>
        [
          `customer ${month}`,
          `${after} ${currency} on ${plan}${before === null ? '' : ` (${before} now, difference ${difference})`}`,
        ] as const,
    ),
    ...(margin === null ? [] : [['margin', `${margin} ${currency} in ${months.at(-1)?.month}`] as const]),
  ];
}

function restText(
  { from, difference, margin }: NonNullable<NonNullable<Proposal['customers']>['restOfMonth']>,
  currency: string,
): string {
  const ofMargin = margin === null ? '' : `, margin ${margin}`;
  return `${difference} ${currency} for the rest of the month, from ${moment(from)}${ofMargin}`;
}

/** What to do next with it. */
export function nextText({ state, hash, purpose, deployment, stepList }: Proposal): readonly string[] {
  if (state === 'proposed' && stepList.length > 0)
    return [`Next: arcadia proposal approve ${hash}${purpose === 'destroy' ? ` --type-name ${deployment}` : ''}`];
  return [];
}
