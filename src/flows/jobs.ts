import { z } from 'zod';
import { declareJob } from '../platform/declare/job.ts';
import { verifyAudit } from '../platform/audit.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { sourcesWithEffects } from '../gateway/index.ts';
import { writeAnchor } from './audit-anchors.ts';
import { applyGatewayEffects } from './gateway-effects.ts';

/** Writes down where the audit log ends, so that a cut end of it shows, and verifies all of it. */
export const anchorAuditJob = declareJob({
  name: 'anchor_audit',
  queue: 'default',
  title: 'Writes where the audit log ends to the place of ARCADIA_AUDIT_ANCHOR, and verifies all of it',
  arguments: z.strictObject({}),
  timeoutSeconds: 3_600,
  attemptsMax: 5,
  async run({ db, clock, config, signal, log }) {
    // First, for it does not need the place that anchors are written to.
    const { broken } = await verifyAudit(db, null);
    const written = await writeAnchor(db, config, { now: await clock.now(), signal }).catch((error: unknown) => {
      // The reason of a job is the message alone.
      if (error instanceof ArcadiaError) log.warn(`The audit log was not anchored. ${error.message} ${error.todo}`);
      throw error;
    });
    if (written !== null) log.info(written, 'audit log anchored');
    if (written !== null && written.faults > 0)
      log.warn(written, 'guards of the database are missing or were changed: verify the audit log');
    const [first] = broken;
    if (first !== undefined)
      throw new ArcadiaError('audit_broken', `The audit log does not hold at entry ${first.position}: ${first.what}.`);
  },
});

/** What events of gateways do to subscriptions and invoices; what waits for something is tried again. */
export const gatewayEffectsJob = declareJob({
  name: 'apply_gateway_effects',
  queue: 'gateway_events',
  title: 'Does what gateway events say of subscriptions and payments',
  arguments: z.strictObject({}),
  timeoutSeconds: 600,
  attemptsMax: 5,
  async run({ db, clock, signal, log }) {
    let failed = 0;
    for (const source of await sourcesWithEffects(db)) {
      const { errors } = await applyGatewayEffects(db, source, { clock, signal });
      for (const error of errors) log.warn({ err: error, source }, 'a gateway event could not be done, and stays open');
      failed += errors.length;
    }
    if (failed > 0) throw new Error(`${failed} gateway events could not be done, and stay open`);
  },
});
