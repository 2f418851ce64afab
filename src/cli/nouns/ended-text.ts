import type { endDeployment } from '../../flows/operations/end-deployments.ts';
import { moment, plural } from '../engine/output.ts';
import type { AnswerOf } from '../engine/views.ts';

type Ended = AnswerOf<typeof endDeployment>;

/** What became of deployments that were ended, and what is still to be issued. */
export function endedText({ customer, deployments, endsAt, changed, unissued, runsOn }: Ended): string {
  const running = runsOn.reduce((sum, one) => sum + one.running, 0);
  const names = deployments.join(', ');
  return [
    changed
      ? `${names} ${deployments.length === 1 ? 'has' : 'have'} ended at ${moment(endsAt)}.`
      : 'Unchanged: nothing was written.',
    ...(unissued.length === 0 ? [] : [`Still to be issued to ${customer}:`]),
    ...unissued.map((one) => `  ${one.invoiceId}  ${one.month}  ${one.total} ${one.currency}  ${one.state}`),
    ...(running === 0 ? [] : [`Still running, and not billed: ${plural(running, 'resource')}.`]),
  ].join('\n');
}

/** The bill first; months that were issued before follow as corrections. */
export function endedNotes({ unissued, deployments }: Ended): readonly string[] {
  const [last] = unissued.slice(-1);
  return [
    ...(last === undefined ? [] : [`Next: arcadia invoice show ${last.invoiceId}`]),
    ...deployments.slice(0, 1).map(() => 'If later months were issued already: arcadia invoice correction list'),
  ];
}
