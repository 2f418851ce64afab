import { describe, expect, test } from 'vitest';
import type { Found, Sent } from '../cloud/index.ts';
import {
  afterSend,
  type Move,
  newStep,
  nextMove,
  nothingObserved,
  type Observed,
  type StepRecord,
} from './create-step.ts';

const start = Temporal.Instant.from('2026-06-01T00:00:00Z');
const after = (seconds: number) => start.add({ seconds });
const intended = { state: 'intended', attempt: 1, unsent: 0, intentAt: start, triedAgain: false } as const;
const accepted = { state: 'accepted', externalId: '7', actionId: 'a', acceptedAt: start, adopted: false } as const;

const found = (askedAt: Temporal.Instant, ...things: Found[]): Observed => ({
  ...nothingObserved,
  found: { askedAt, things },
});
const thing = (externalId: string, marked: Found['marked'] = 'yes'): Found => ({ externalId, marked });
const kept = (move: Move): StepRecord | null => (move.do === 'keep' ? move.record : null);

describe('before anything was intended', () => {
  test('it is looked for; what is not there is intended before it is sent', () => {
    expect(nextMove(newStep, nothingObserved, start)).toEqual({ do: 'find' });
    expect(nextMove(newStep, found(start), after(3))).toEqual({
      do: 'send',
      record: { state: 'intended', attempt: 1, unsent: 0, intentAt: after(3), triedAgain: false },
    });
  });

  test('what carries the mark is taken; what does not is held, or adopted where that was asked for', () => {
    expect(kept(nextMove(newStep, found(start, thing('7')), start))).toMatchObject({ externalId: '7', adopted: true });
    for (const marked of ['no', 'cannot'] as const) {
      expect(kept(nextMove(newStep, found(start, thing('7', marked)), start))).toMatchObject({ state: 'held' });
      expect(kept(nextMove(newStep, found(start, thing('7', marked)), start, true))).toMatchObject({
        state: 'accepted',
      });
    }
    const two = found(start, thing('7'), thing('8'));
    expect(kept(nextMove(newStep, two, start, true))).toEqual({ state: 'held', reason: '2 carry the marker: 7, 8' });
  });
});

describe('while an intent has no clear answer', () => {
  test('it is looked for every 15 s, and sent again only after a look that was made 120 s after the intent', () => {
    expect(nextMove(intended, nothingObserved, after(1))).toEqual({ do: 'find' });
    expect(nextMove(intended, found(after(1)), after(1))).toEqual({ do: 'wait', seconds: 15 });
    expect(nextMove(intended, found(after(110)), after(110))).toEqual({ do: 'wait', seconds: 10 });
    // The look took long: that it is late now says nothing of when it was made.
    expect(nextMove(intended, found(after(119)), after(300))).toEqual({ do: 'wait', seconds: 1 });
    expect(nextMove(intended, found(after(120)), after(121))).toMatchObject({
      do: 'send',
      record: { attempt: 2, intentAt: after(121) },
    });
  });

  test('what shows is taken, where it cannot carry a mark too; what has another is held', () => {
    for (const marked of ['yes', 'cannot'] as const)
      expect(kept(nextMove(intended, found(after(20), thing('7', marked)), after(20)))).toMatchObject({
        state: 'accepted',
        externalId: '7',
        adopted: false,
      });
    expect(kept(nextMove(intended, found(after(20), thing('7', 'no')), after(20)))).toMatchObject({ state: 'held' });
    expect(kept(nextMove(intended, found(after(20), thing('7'), thing('8')), after(20)))).toMatchObject({
      state: 'held',
    });
  });

  test('five of them are enough', () => {
    expect(kept(nextMove({ ...intended, attempt: 5 }, found(after(120)), after(120)))).toMatchObject({ state: 'held' });
  });
});

describe('an answer', () => {
  const refused = (problem: Extract<Sent, { answer: 'refused' }>['problem']): Sent => ({
    answer: 'refused',
    problem,
    status: 422,
    reason: 'no',
    scope: 'droplet:create',
    requestId: null,
  });
  const cases: readonly (readonly [Sent, Partial<StepRecord>])[] = [
    [
      { answer: 'done', externalId: '7', actionId: 'a', requestId: null },
      { state: 'accepted', externalId: '7', actionId: 'a' },
    ],
    [
      { answer: 'not_sent', reason: 'refused' },
      { state: 'new', attempt: 0, unsent: 1, notBefore: after(17) },
    ],
    [
      { answer: 'rate_limited', afterMs: 60_000, reason: '429' },
      { state: 'new', attempt: 0, unsent: 1, notBefore: after(62) },
    ],
    [{ answer: 'unclear', status: 500, reason: '500' }, intended],
    [refused('try_again'), { state: 'intended', attempt: 0, triedAgain: true }],
    [refused('limit'), { state: 'held', reason: 'no' }],
    [refused('forbidden'), { state: 'held', reason: 'the write token lacks droplet:create: no' }],
    [refused('unauthorized'), { state: 'held', reason: 'the write token is not valid: no' }],
    [refused('invalid'), { state: 'failed', reason: 'no', renewable: false }],
  ];
  test.each(cases)('%j', (sent, expected) => {
    expect(afterSend(intended, sent, after(2))).toMatchObject(expected);
  });

  test('that says once more to try again fails it', () => {
    expect(afterSend({ ...intended, triedAgain: true }, refused('try_again'), start)).toMatchObject({
      state: 'failed',
    });
  });
});

test('what is refused after one that may have been carried out is looked for, not failed', () => {
  const again = { ...intended, attempt: 2 };
  for (const problem of ['conflict', 'invalid'] as const) {
    const sent = { answer: 'refused', problem, status: 409, reason: 'taken', scope: '', requestId: null } as const;
    expect(afterSend(again, sent, after(200))).toEqual(again);
  }
  expect(kept(nextMove(again, found(after(20), thing('7')), after(20)))).toMatchObject({ state: 'accepted' });
});

test('what shows after one that may have been carried out is its own, whatever came of the next', () => {
  const record = { ...newStep, attempt: 1 };
  for (const marked of ['yes', 'cannot'] as const)
    expect(kept(nextMove(record, found(start, thing('7', marked)), start))).toMatchObject({ adopted: false });
  expect(kept(nextMove(record, found(start, thing('7', 'no')), start))).toMatchObject({ state: 'held' });
});

test('what was not sent is waited for and no attempt; forty in a row are enough', () => {
  const limited = { ...newStep, unsent: 39, notBefore: after(60) };
  expect(nextMove(limited, nothingObserved, after(20))).toEqual({ do: 'wait', seconds: 40 });
  expect(nextMove(limited, found(after(60)), after(60))).toMatchObject({ do: 'send', record: { attempt: 1 } });
  expect(kept(nextMove({ ...limited, unsent: 40 }, found(after(60)), after(60)))).toMatchObject({ state: 'held' });
});

describe('what was accepted', () => {
  const look = (status: string, locked: boolean, more: Partial<Observed> = {}): Observed => ({
    found: null,
    action: null,
    look: { is: 'there', status, locked, address: null },
    ...more,
  });
  const absent: Observed = { found: null, action: null, look: { is: 'absent' } };

  test('is done once it is active, at rest, and its action over', () => {
    expect(nextMove(accepted, nothingObserved, start)).toEqual({ do: 'look', externalId: '7', actionId: 'a' });
    expect(nextMove(accepted, look('new', true), after(4))).toEqual({ do: 'wait', seconds: 10 });
    expect(nextMove(accepted, look('active', false, { action: 'in-progress' }), after(80)).do).toBe('wait');
    expect(nextMove(accepted, look('active', true), after(400))).toEqual({ do: 'wait', seconds: 30 });
    expect(kept(nextMove(accepted, look('active', false), after(40)))).toEqual({
      state: 'done',
      externalId: '7',
      adopted: false,
    });
  });

  test('may not answer yet for ten minutes; is then looked for by its marker, and failed where nothing carries it', () => {
    expect(nextMove(accepted, absent, after(599)).do).toBe('wait');
    expect(nextMove(accepted, absent, after(600))).toEqual({ do: 'find' });
    const gone = { ...absent, ...found(after(600)), look: absent.look };
    expect(kept(nextMove(accepted, gone, after(600)))).toMatchObject({ state: 'failed', renewable: true });
    const listed = { ...gone, found: { askedAt: after(600), things: [thing('7')] } };
    expect(nextMove(accepted, listed, after(600)).do).toBe('wait');
    expect(kept(nextMove(accepted, listed, after(1_800)))).toMatchObject({ state: 'held' });
  });

  test('whose action erred is failed once nothing carries its marker', () => {
    const errored = look('new', false, { action: 'errored' });
    expect(nextMove(accepted, errored, after(30))).toEqual({ do: 'find' });
    expect(
      kept(nextMove(accepted, { ...errored, found: { askedAt: after(31), things: [] } }, after(31))),
    ).toMatchObject({
      state: 'failed',
      renewable: true,
    });
  });

  test('and is not ready after half an hour is held, never created again', () => {
    expect(kept(nextMove(accepted, look('new', true, { action: 'in-progress' }), after(1_800)))).toMatchObject({
      state: 'held',
    });
  });
});

test('what is over stays so', () => {
  for (const record of [
    { state: 'done', externalId: '7', adopted: false },
    { state: 'failed', reason: 'x', renewable: true },
    { state: 'held', reason: 'x' },
  ] as const)
    expect(nextMove(record, found(start), start)).toEqual({ do: 'end' });
});
