import { z } from 'zod';
import { assertClocksAgree } from '../platform/clock.ts';
import { declareJob, referToJob } from '../platform/declare/job.ts';
import { announceDeadSince, announceSilent } from './announce.ts';
import { hasOpenEffects } from './effects.ts';
import { interpretSource, retryPassing } from './interpret.ts';
import { selectBehind } from './interpret.store.ts';
import { pruneEvents } from './prune.ts';
import { gatewaySettings } from './settings.ts';
import { askMetering, claimDueMetering } from './metering-asked.store.ts';
import { getSource, listSources } from './sources.ts';
import { applyGrace } from './watermarks.ts';

/** Whose new subjects are, is another module's to find out. */
const attributeJob = referToJob('attribute');
/** What events do beside counting, takes modules that this one does not know. */
const effectsJob = referToJob('apply_gateway_effects');
const meterJob = referToJob('meter');

export const interpretJob = declareJob({
  name: 'interpret_gateway_events',
  queue: 'gateway_events',
  title: "Turns a source's gateway events into usage",
  arguments: z.strictObject({ source: z.string() }),
  timeoutSeconds: 3_600,
  attemptsMax: 5,
  followedBy: [attributeJob, effectsJob, meterJob],
  async run({ db, clock, signal, enqueue, arguments: { source } }) {
    const sender = await getSource(db, source);
    const done = await interpretSource(db, sender, { now: await clock.now(), signal });
    const hasOpen = await hasOpenEffects(db, sender);
    await db.transaction().execute(async (trx) => {
      if (done.newSubjects > 0) await enqueue(trx, attributeJob, {});
      if (hasOpen) await enqueue(trx, effectsJob, {});
      if (done.events > 0 && (await askMetering(trx, sender.accountId))) await enqueue(trx, meterJob, {});
    });
  },
});

/** What a server that stored events could not have interpreted. */
export const sweepGatewayJob = declareJob({
  name: 'sweep_gateway_events',
  queue: 'gateway_events',
  title: 'Enqueues the interpretation of gateway events that wait for it, and the metering of what they count as',
  arguments: z.strictObject({}),
  timeoutSeconds: 60,
  attemptsMax: 3,
  followedBy: [interpretJob, meterJob],
  async run({ db, enqueue }) {
    const behind = await selectBehind(db);
    await db.transaction().execute(async (trx) => {
      for (const source of behind) await enqueue(trx, interpretJob, { source });
      if (await claimDueMetering(trx)) await enqueue(trx, meterJob, {});
    });
  },
});

/** By a clock that is right: what is confirmed too soon would be invoiced too soon. */
export const reconcileGatewayJob = declareJob({
  name: 'reconcile_gateway',
  queue: 'gateway_events',
  title:
    'Confirms usage that gateways have sent whole, retries dead letters whose cause may have passed, and says who is silent and what died',
  arguments: z.strictObject({}),
  timeoutSeconds: 600,
  attemptsMax: 3,
  followedBy: [interpretJob],
  async run({ db, clock, enqueue, signal }) {
    await assertClocksAgree(db);
    const now = await clock.now();
    await applyGrace(db, now);
    await announceSilent(db, now);
    await announceDeadSince(db, now);
    const sources = await listSources(db);
    for (const source of sources) await retryPassing(db, source, { now, signal });
    // Watermarks that waited for events.
    await db.transaction().execute(async (trx) => {
      for (const { source } of sources) await enqueue(trx, interpretJob, { source });
    });
  },
});

/** Events that are older than they are kept. */
export const pruneGatewayJob = declareJob({
  name: 'prune_gateway',
  queue: 'gateway_events',
  title: 'Removes gateway events that are older than ARCADIA_GATEWAY_RETENTION_DAYS; what they count as stays',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 3,
  async run({ db, clock, config, signal, log }) {
    const { gatewayRetentionDays } = gatewaySettings.of(config);
    if (gatewayRetentionDays === null) return;
    await assertClocksAgree(db);
    const before = (await clock.now()).subtract({ hours: 24 * gatewayRetentionDays });
    const events = await pruneEvents(db, before, signal);
    if (events > 0) log.info({ events }, 'gateway events pruned');
  },
});
