import { expect, test } from 'vitest';
import { ArcadiaError } from '../platform/errors.ts';
import { CancelJob, SnoozeJob } from '../platform/declare/job.ts';
import { CancelledByPerson, TimeUp, verdictOf, WorkerStops } from './attempt.ts';
import { LeaseLost } from './lease.ts';

test.each([
  ['an error', new Error('boom'), { verdict: 'fail', reason: 'boom' }],
  [
    'an unreachable provider',
    new ArcadiaError('provider_unreachable', 'no route'),
    { verdict: 'fail', reason: 'provider_unreachable: no route' },
  ],
  [
    'a bad token',
    new ArcadiaError('provider_unauthorized', 'x'),
    { verdict: 'cancel', reason: 'provider_unauthorized: x' },
  ],
  [
    'a secret of another key',
    new ArcadiaError('secret_unreadable', 'x'),
    { verdict: 'cancel', reason: 'secret_unreadable: x' },
  ],
  [
    'a snooze',
    new SnoozeJob(60, 'rate limited'),
    { verdict: 'snooze', seconds: 60, until: null, reason: 'rate limited' },
  ],
  [
    'a provider that takes no request now',
    new ArcadiaError('provider_rate_limited', 'later'),
    { verdict: 'snooze', seconds: 60, until: null, reason: 'later' },
  ],
  ['a cancel', new CancelJob('never'), { verdict: 'cancel', reason: 'never' }],
  ['a lost lease', new LeaseLost('gone'), { verdict: 'none', reason: 'gone' }],
])('%s decides', (_, error, verdict) => {
  expect(verdictOf(error, null)).toEqual(verdict);
});

test.each([
  [new TimeUp(5), { verdict: 'fail', reason: 'took longer than 5 s' }],
  [new CancelledByPerson('enough'), { verdict: 'cancelled', reason: 'enough' }],
  [new WorkerStops(), { verdict: 'hand back', reason: 'the worker stopped' }],
])('why the signal aborted decides over what the handler then threw: %s', (reason, verdict) => {
  expect(verdictOf(new ArcadiaError('provider_unauthorized', 'a consequence'), reason)).toEqual(verdict);
});
