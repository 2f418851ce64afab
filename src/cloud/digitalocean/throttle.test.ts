import { expect, test } from 'vitest';
import type { RateHeaders } from './rate-headers.ts';
import { TestMachine } from '../../../test/fixtures/digitalocean.ts';
import { BudgetExhausted, Throttle, throttleFor } from './throttle.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;

const silent: RateHeaders = {
  status: 200,
  limit: null,
  remaining: null,
  resetMs: null,
  retryAfterMs: null,
  serverNowMs: 0,
  simulatedAt: null,
  answeredAt: null,
};

interface Budget {
  readonly machine: TestMachine;
  readonly throttle: Throttle;
}

function fresh(): Budget {
  const machine = new TestMachine();
  return { machine, throttle: new Throttle(machine) };
}

/** Sends `count` requests as fast as the throttle lets them, and tells when each went. */
async function send({ machine, throttle }: Budget, count: number, headers = silent) {
  const times: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    await throttle.acquire(Infinity);
    times.push(machine.nowMs);
    throttle.settle(headers);
  }
  return times;
}

function mostWithin(times: readonly number[], ms: number): number {
  let most = 0;
  let first = 0;
  times.forEach((time, last) => {
    while ((times[first] as number) <= time - ms) first += 1;
    most = Math.max(most, last - first + 1);
  });
  return most;
}

test('no more than 250 requests in any minute and 5,000 in any hour, and no fewer than that allows', async () => {
  const times = await send(fresh(), 12_000);
  expect(mostWithin(times, minuteMs)).toBe(250);
  expect(mostWithin(times, hourMs)).toBe(5_000);
  expect(times.at(-1)).toBeLessThan(2.5 * hourMs);
});

test('requests are served in the order in which they asked', async () => {
  const { machine, throttle } = fresh();
  await send({ machine, throttle }, 250);
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((each) => throttle.acquire(Infinity).then(() => order.push(each))));
  expect(order).toEqual([1, 2, 3]);
});

test('a wait can be cancelled, and those behind it go on', async () => {
  const full = fresh();
  await send(full, 250);
  const cancelled = new AbortController();
  const waiting = full.throttle.acquire(Infinity, cancelled.signal);
  const behind = full.throttle.acquire(Infinity);
  cancelled.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(behind).resolves.toBeUndefined();
});

test('an aborted signal is not let through', async () => {
  await expect(fresh().throttle.acquire(Infinity, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
});

test('a wait beyond the deadline is refused at once, not slept', async () => {
  const full = fresh();
  await send(full, 250);
  await expect(full.throttle.acquire(30_000)).rejects.toBeInstanceOf(BudgetExhausted);
  expect(full.machine.slept).toEqual([]);
});

test('a pause learned while waiting refuses those whose deadline it passes', async () => {
  const busy = fresh();
  await busy.throttle.acquire(Infinity);
  await send(busy, 249);
  const waiting = busy.throttle.acquire(2 * minuteMs);
  busy.throttle.settle({ ...silent, status: 429, resetMs: hourMs, serverNowMs: 0 });
  await expect(waiting).rejects.toBeInstanceOf(BudgetExhausted);
});

test('what another process used is known from ratelimit-remaining', async () => {
  const shared = fresh();
  await send(shared, 1, { ...silent, remaining: 2, resetMs: 40_000, serverNowMs: 0 });
  const times: number[] = [];
  for (let sent = 0; sent < 3; sent += 1) {
    await shared.throttle.acquire(Infinity);
    times.push(shared.machine.nowMs);
    shared.throttle.settle(null);
  }
  expect(times).toEqual([0, 0, 40_000]);
});

test('an answer does not give back what is still under way', async () => {
  const { machine, throttle } = fresh();
  await Promise.all([throttle.acquire(Infinity), throttle.acquire(Infinity)]);
  throttle.settle({ ...silent, remaining: 1, resetMs: 5_000 });
  await throttle.acquire(Infinity);
  expect(machine.nowMs).toBe(5_000);
});

test('remaining 0 with a reset in the past lets one request a second ask again', async () => {
  const times = await send(fresh(), 5, { ...silent, remaining: 0, resetMs: -50_000 });
  expect(times).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
});

test('a burst 429 pauses everybody for its retry-after', async () => {
  const paused = fresh();
  await send(paused, 1, { ...silent, status: 429, retryAfterMs: 7_000, remaining: 0, resetMs: hourMs });
  expect(await send(paused, 2)).toEqual([7_000, 7_000]);
});

test('an hourly 429 pauses until the reset, never longer than an hour and never not at all', async () => {
  const until = async (resetMs: number | null) => {
    const paused = fresh();
    await send(paused, 1, { ...silent, status: 429, resetMs });
    return (await send(paused, 1))[0];
  };
  expect(await until(900_000)).toBe(900_000);
  expect(await until(9_000_000)).toBe(hourMs);
  expect(await until(-9_000_000)).toBe(1_000);
  expect(await until(null)).toBe(minuteMs);
});

test('another limit than the usual resizes both windows', async () => {
  const times = await send(fresh(), 1_000, { ...silent, limit: 10_000 });
  expect(mostWithin(times, minuteMs)).toBe(500);
  const lower = await send(fresh(), 100, { ...silent, limit: 400 });
  expect(mostWithin(lower, minuteMs)).toBe(20);
});

test('at a simulator its own virtual budgets hold, not the windows kept here', async () => {
  const simulated: RateHeaders = { ...silent, simulatedAt: '2026-05-01T00:00:00Z' };
  const fast = fresh();
  expect((await send(fast, 6_000, simulated)).at(-1)).toBe(0);

  await send(fast, 1, { ...simulated, status: 429, resetMs: hourMs });
  expect((await send(fast, 1, simulated))[0]).toBe(1_000);
  await send(fast, 1, { ...simulated, status: 429, retryAfterMs: 4_000 });
  expect((await send(fast, 1, simulated))[0]).toBe(5_000);
});

test('one throttle for all work on a token at an address', () => {
  const machine = new TestMachine();
  const first = throttleFor('https://a.example', 'token-1', machine);
  expect(throttleFor('https://a.example', 'token-1', machine)).toBe(first);
  expect(throttleFor('https://a.example', 'token-2', machine)).not.toBe(first);
  expect(throttleFor('https://b.example', 'token-1', machine)).not.toBe(first);
});
