import { pino } from 'pino';
import { expect } from 'vitest';
import { sweep } from '../../src/drift/sweep/sweep.ts';
import { databaseClock, moveSimulatedClock } from '../../src/platform/clock.ts';
import { SnoozeJob } from '../../src/platform/declare/job.ts';
import { runRollout } from '../../src/provisioning/run-rollout.ts';
import { event, interpretAll, requests } from '../fixtures/gateway.ts';
import { json } from '../http/api-fixture.ts';
import type { Dashboard } from './dashboard.ts';

// What the demonstration does not have and pictures need: a declaration that differs, a gateway, a system that was rolled
// out, one that is held, and a proposal that nobody has approved.

/** Where they are seen. */
export interface Places {
  readonly proposal: string;
  readonly blocked: string;
  readonly teardown: string;
  readonly rollout: string;
  readonly held: string;
}

type Body = Record<string, unknown>;

export async function furnish(dashboard: Dashboard): Promise<Places> {
  const ask = async (path: string, body?: object): Promise<Body> => {
    const answer = await dashboard.api.fetch(path, body === undefined ? {} : json('POST', body));
    const said = await answer.text();
    expect([path, answer.ok || said]).toEqual([path, true]);
    return JSON.parse(said) as Body;
  };
  await declare(dashboard, ask);
  await openGateway(dashboard, ask);
  return rollOut(dashboard, ask);
}

type Ask = (path: string, body?: object) => Promise<Body>;

/** What one deployment has is declared, but for the size of its servers. */
async function declare({ database: { db } }: Dashboard, ask: Ask): Promise<void> {
  await ask('/deployments/hazel-bakery/adopt', {});
  const { resources } = (await ask('/declarations/hazel-bakery')) as unknown as {
    resources: { address: string; kind: string; externalId: string; fields: Body }[];
  };
  const declared = resources.map(({ address, kind, externalId: id, fields }) => ({
    address,
    kind,
    id,
    fields: kind === 'droplet' ? { ...fields, size: 's-2vcpu-4gb', backups: true } : fields,
  }));
  const named = { declaration: 'hazel-bakery', deployment: 'hazel-bakery' };
  await ask('/declarations/apply', { ...named, covers: 'deployment', resources: declared });
  await sweep(db, await databaseClock(db).now());
}

async function openGateway({ api, database: { db } }: Dashboard, ask: Ask): Promise<void> {
  const now = await databaseClock(db).now();
  const source = { source: 'edge', name: 'Edge gateway', meteredFrom: '2026-06-01T00:00:00Z' };
  const { secret } = await ask('/gateway/sources', source);
  await ask('/gateway/meters', { meters: [{ ...requests, from: '2026-06-01' }] });
  const at = (minutes: number) => now.subtract({ minutes }).toString();
  const counted = Array.from({ length: 12 }, (_, index) =>
    event({
      subject: index % 3 === 0 ? 'deployment:granite-press' : `host:www-${index % 3}.example.com`,
      time: at(5 * index),
      data: { requests: 100 + 37 * index },
    }),
  );
  const dead = [
    event({ time: now.add({ hours: 2 }).toString() }),
    event({ time: at(60), data: { requests: 'many' } }),
    event({ time: now.subtract({ hours: 24 * 40 }).toString() }),
  ];
  const answer = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(secret)}`, 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify([...counted, ...dead]),
  });
  expect(answer.status).toBe(200);
  await interpretAll(db, now);
}

async function rollOut(dashboard: Dashboard, ask: Ask): Promise<Places> {
  const propose = async (deployment: string, given: object = {}) =>
    String(
      (
        await ask('/proposals/creations', {
          deployment,
          customer: 'cus_granite_press',
          like: 'granite-press',
          acceptUnmetered: true,
          ...given,
        })
      )['hash'],
    );
  const begin = async (hash: string) => {
    await ask(`/proposals/${hash}/approvals`, {});
    return Number((await ask('/rollouts', { proposal: hash }))['rollout']);
  };
  await ask('/accounts/agency/grant', { token: 'write' });
  // The other account has no write token.
  const held = await begin(await propose('granite-annex', { account: 'europe' }));
  await drive(dashboard, held);
  const rollout = await begin(await propose('granite-press-two'));
  await drive(dashboard, rollout);
  const waiting = await begin(await propose('granite-press-three'));
  await drive(dashboard, waiting, 6);
  return {
    proposal: `/proposals/${await propose('granite-studio')}`,
    blocked: `/proposals/${await propose('granite-works', { acceptUnmetered: false })}`,
    teardown: `/proposals/${String((await ask('/deployments/granite-press-two/proposals/destructions', {}))['hash'])}`,
    rollout: `/rollouts/${rollout}`,
    held: `/rollouts/${held}`,
  };
}

/** Attempts until it has come to rest, as a worker makes them; or so many. */
async function drive({ api: { config }, database: { db } }: Dashboard, rollout: number, attempts = 400): Promise<void> {
  const given = { db, clock: databaseClock(db), config, log: pino({ level: 'silent' }) };
  const run = { ...given, signal: new AbortController().signal, report: () => {}, read: async () => {} };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      return await runRollout(run, rollout);
    } catch (error) {
      if (!(error instanceof SnoozeJob)) throw error;
      await moveSimulatedClock(db, Math.ceil(error.seconds));
    }
  }
}
