import {
  approveProposal,
  discardProposal,
  getProposal,
  listProposals,
  proposeChangeOperation,
  proposeCreationOperation,
  proposeDestructionOperation,
} from '../../provisioning/operations/proposals.ts';
import { type Column, count, moment } from '../engine/output.ts';
import { actionView, listView, type Noun, type RowOf } from '../engine/views.ts';
import { nextText, proposalText, shortHash } from './proposal-text.ts';

const columns: readonly Column<RowOf<typeof listProposals>>[] = [
  { header: 'proposal', value: (row) => shortHash(row.hash) },
  { header: 'purpose', value: (row) => row.purpose },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'state', value: (row) => row.state.replaceAll('_', ' ') },
  { header: 'steps', value: (row) => count(row.steps), align: 'right' },
  { header: 'ours, a month', value: (row) => `${row.difference} ${row.currency}`, align: 'right' },
  { header: 'proposed (utc)', value: (row) => moment(row.proposedAt) },
  { header: 'by', value: (row) => row.proposedBy },
];

const set = { parameters: 'a parameter of the blueprint' };

const example = `proposal          5f3a0c91d2be to create beta-shop of cus-88
state             proposed
valid until       2026-06-10 10:00:00Z
blueprint         shop, version 2
ours              70.00 USD a month (0.00 now, difference 70.00)
ours now          53.96 USD for the rest of the month
customer now      61.60 USD for the rest of the month, from 2026-06-10 00:00:00Z, margin 7.64
customer 2026-06  88.00 USD on studio
customer 2026-07  88.84 USD on studio
margin            18.84 USD in 2026-07
...`;

export const proposalNoun: Noun = {
  name: 'proposal',
  summary: 'what would be done to deployments, and what it costs',
  description: 'What would be done, step by step, with the money for both sides: nothing is created without one.',
  views: [
    listView(listProposals, {
      example: `
$ arcadia proposal list --deployment beta-shop
PROPOSAL      PURPOSE  DEPLOYMENT  STATE     STEPS  OURS, A MONTH  PROPOSED (UTC)        BY
5f3a0c91d2be  create   beta-shop   proposed     19      70.00 USD  2026-06-09 10:00:00Z  ana`,
      columns,
      empty: 'No proposal. Make one: arcadia deployment create --help',
    }),
    actionView(getProposal, {
      example: `
$ arcadia proposal show 5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
${example}`,
      text: proposalText,
      notes: nextText,
    }),
    actionView(proposeCreationOperation, {
      help: set,
      example: `
$ arcadia proposal create beta-shop --like acme-shop --customer cus-88 --set domain=beta.example
${example}`,
      text: proposalText,
      notes: nextText,
    }),
    actionView(proposeChangeOperation, {
      help: set,
      example: `
$ arcadia proposal change beta-shop --set size=s-4vcpu-8gb
proposal  90be6c13aa04 to change beta-shop of cus-88
...`,
      text: proposalText,
      notes: nextText,
    }),
    actionView(proposeDestructionOperation, {
      example: `
$ arcadia proposal destroy beta-shop
proposal  c2e90f4471d8 to destroy beta-shop of cus-88
...`,
      text: proposalText,
      notes: nextText,
    }),
    actionView(approveProposal, {
      example: `
$ arcadia proposal approve 5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
Approved: proposal 5f3a0c91d2be to create beta-shop.
Next: arcadia deployment create beta-shop --yes --hash 5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f`,
      text: ({ hash, purpose, deployment, state, approvals }) =>
        state === 'approved'
          ? `Approved: proposal ${shortHash(hash)} to ${purpose} ${deployment}.`
          : `Approved by ${approvals.map(({ by }) => by).join(', ')}: another person has to approve it too.`,
      notes: ({ hash, purpose, deployment, state }) =>
        state === 'approved' ? [`Next: arcadia deployment ${purpose} ${deployment} --yes --hash ${hash}`] : [],
    }),
    actionView(discardProposal, {
      example: `
$ arcadia proposal discard 5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
Discarded: proposal 5f3a0c91d2be to create beta-shop.`,
      text: ({ hash, purpose, deployment }) => `Discarded: proposal ${shortHash(hash)} to ${purpose} ${deployment}.`,
    }),
  ],
};
