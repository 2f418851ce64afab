import { setClock, showClock } from '../../platform/operations/clock.ts';
import { moment } from '../engine/output.ts';
import { type AnswerOf, actionView, type Noun } from '../engine/views.ts';

type Clock = AnswerOf<typeof showClock>;

function clockText({ now, simulated, runsTo, pace }: Clock): string {
  const shown = moment(now);
  if (!simulated) return `${shown} UTC.`;
  if (runsTo !== null) return `${shown} UTC, simulated: the history is being created until ${moment(runsTo)}.`;
  if (pace === 0) return `${shown} UTC, simulated: it stands still.`;
  return `${shown} UTC, simulated: ${pace} seconds in a second, while somebody has the dashboard open or a rollout goes on.`;
}

export const clockNoun: Noun = {
  name: 'clock',
  summary: 'the time of the accounts, which a demonstration simulates',
  defaultVerb: 'show',
  views: [
    actionView(showClock, {
      example: `
$ arcadia clock show
2026-06-18 00:00:00Z UTC, simulated: it stands still.`,
      text: clockText,
    }),
    actionView(setClock, {
      example: `
$ arcadia clock set --pace 360
2026-06-18 00:00:00Z UTC, simulated: 360 seconds in a second, while somebody has the dashboard open or a rollout goes on.`,
      help: { pace: 'simulated seconds in a second; 0 has it stand still' },
      text: clockText,
    }),
  ],
};
