import type {
  Admitted,
  Intake,
  IntakeAnswer,
  IntakeDeclaration,
  IntakeHead,
  IntakeServices,
} from '../platform/declare/intake.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { readSecrets, type SenderSecrets } from '../inventory/index.ts';
import { amqpTransport } from './amqp.ts';
import { announceRejected } from './announce.ts';
import { faultsAt, readEvents, type SentBody } from './cloud-event.ts';
import { Coalescer } from './coalescer.ts';
import { isDiskFull } from './disk.ts';
import {
  eventConflict,
  eventUnusable,
  gatewayBacklog,
  gatewayDiskFull,
  sourcePaused,
  sourceUnauthorized,
} from './errors.ts';
import { hasBacklog } from './intake.store.ts';
import { interpretJob } from './jobs.ts';
import { LastNames } from './json.ts';
import { recordOpen, recordProblem } from './queues.store.ts';
import { Queues } from './queues.ts';
import { EventQuota } from './quota.ts';
import { gatewaySettings } from './settings.ts';
import { bears, isSignedBy, isTimely, secretsAt, type Signed } from './signature.ts';
import { getSource, listSources, type Source, usualLimits } from './sources.ts';
import { type Receipt, storeEvents } from './store-events.ts';

// The address that gateways send to. A 2xx means that what was sent is on disk.

/** A source is looked at anew so often: what is rotated or paused holds from then on. */
const knownForMs = 1_000;
/** What was stored is interpreted, and published, so often at most. */
const wakeMs = 1_000;
const retryAfterSeconds = 5;

interface KnownSource {
  readonly source: Source;
  readonly secrets: SenderSecrets;
  readonly isFull: boolean;
  readonly isDiskFull: boolean;
}

const bodyBytesMax = 1_048_576;

export const eventsIntake: IntakeDeclaration = {
  // The others: where the clients of OpenMeter send, whose base address is that of the source.
  paths: [
    '/gateway/sources/:source/events',
    '/gateway/sources/:source/api/v1/events',
    '/gateway/sources/:source/api/v3/openmeter/events',
  ],
  bodyBytesMax,
  open: (services) => new EventsIntake(services),
};

class EventsIntake implements Intake {
  readonly #services: IntakeServices;
  readonly #known = new Map<string, { readAt: number; found: Promise<KnownSource | null> }>();
  readonly #quotas = new Map<string, EventQuota>();
  readonly #coalescers = new Map<number, Coalescer>();
  readonly #published = new Map<string, number>();
  readonly #wakes = new Map<string, NodeJS.Timeout>();
  readonly #woken = new Map<string, number>();
  readonly #waking = new Set<Promise<void>>();
  readonly #lastNames = new LastNames();
  readonly #queues: Queues | null;

  constructor(services: IntakeServices) {
    this.#services = services;
    const url = gatewaySettings.of(services.config).gatewayAmqpUrl;
    this.#queues = url === null ? null : this.#openQueues(url);
  }

  async admit({ params, headers }: IntakeHead): Promise<Admitted> {
    const known = await this.#find(params.source ?? '');
    if (known === null) throw unauthorized();
    const { source, secrets } = known;
    const byToken = headers.authorization !== undefined;
    if (source.dialect === (byToken ? 'standard' : 'bearer')) throw unauthorized();
    const now = await this.#services.clock.now();
    const valid = secretsAt(secrets, now);
    if (byToken ? !bears(headers.authorization, valid) : !isTimely(signatureIn(headers), now)) throw unauthorized();
    return {
      sender: source.source,
      receive: async (body) => {
        if (!byToken && !isSignedBy(signatureIn(headers), body, valid, now)) throw unauthorized();
        return this.#receive(known, headers, body);
      },
    };
  }

  /** The same of every address, whether there is such a source or not: who is not admitted learns nothing of it. */
  async options({ headers }: IntakeHead): Promise<IntakeAnswer> {
    const allow = { allow: 'POST, OPTIONS' };
    const origin = headers['webhook-request-origin'];
    if (origin === undefined) return { status: 204, headers: allow, body: null };
    const rate = String(usualLimits.maxEventsPerSecond * 60);
    return {
      status: 200,
      headers: { ...allow, 'webhook-allowed-origin': origin, 'webhook-allowed-rate': rate },
      body: null,
    };
  }

  async close(): Promise<void> {
    await this.#queues?.close();
    for (const timer of this.#wakes.values()) clearTimeout(timer);
    await Promise.all(this.#waking);
  }

  #openQueues(url: string): Queues {
    const { db, clock, log } = this.#services;
    // Of a source that takes nothing the queue is closed: what is taken and waits too long comes again, and that is counted.
    const takes = (known: KnownSource | null) =>
      known !== null && !known.source.paused && !known.isFull && !known.isDiskFull;
    const openQueues = async () => {
      const queued = (await listSources(db)).flatMap(({ source, queue }) =>
        queue === null ? [] : [{ source, queue }],
      );
      const known = await Promise.all(queued.map(({ source }) => this.#find(source)));
      return queued.filter((_, place) => takes(known[place] ?? null));
    };
    return new Queues({
      transport: amqpTransport(url),
      bodyBytesMax,
      sources: openQueues,
      store: async (slug, read) => {
        const known = await this.#find(slug);
        if (known === null) throw unauthorized();
        this.#assertTakes(known);
        const { events } = read();
        this.#assertInQuota(known.source, events.length);
        await this.#coalescerOf(known.source).add(events);
        this.#wake(slug);
      },
      opened: (sources) => recordOpen(db, sources),
      lost: (slug, problem) => recordProblem(db, slug, problem),
      rejected: async (slug, reason) => announceRejected(db, await getSource(db, slug), reason, await clock.now()),
      log,
    });
  }

  #assertTakes({ source, isFull, isDiskFull }: KnownSource): void {
    if (source.paused)
      throw sourcePaused(`The source '${source.source}' is paused.`, { details: { retryAfterSeconds } });
    if (isDiskFull)
      throw gatewayDiskFull('The disk of the database has too little space left.', { details: { retryAfterSeconds } });
    if (isFull)
      throw gatewayBacklog(`Too many events of '${source.source}' are still to be interpreted.`, {
        details: { retryAfterSeconds },
      });
  }

  #assertInQuota(source: Source, events: number): void {
    const seconds = this.#quotaOf(source).take(events, performance.now());
    if (seconds > 0)
      throw new ArcadiaError('rate_limited', `More than ${source.maxEventsPerSecond} events a second.`, {
        details: { retryAfterSeconds: seconds },
      });
  }

  async #receive(known: KnownSource, headers: IntakeHead['headers'], body: Uint8Array): Promise<IntakeAnswer> {
    const { source } = known;
    this.#assertTakes(known);
    const sent = readEvents(headers, body, this.#lastNames);
    this.#assertInQuota(source, sent.events.length);
    const prefer = (headers.prefer ?? '').toLowerCase();
    if (sent.single && prefer.includes('handling=strict')) await this.#assertUsable(source, sent);
    const receipts = await this.#coalescerOf(source).add(sent.events);
    this.#wake(source.source);
    return answerOf(sent, receipts, prefer.includes('return=minimal'));
  }

  async #assertUsable(source: Source, { events: [event] }: SentBody): Promise<void> {
    if (event === undefined) return;
    const fault = faultsAt(await this.#services.clock.now(), source)(event);
    if (fault !== null) throw eventUnusable(`The event counts for nothing: ${fault}.`, { details: { reason: fault } });
  }

  #find(slug: string): Promise<KnownSource | null> {
    const now = performance.now();
    const known = this.#known.get(slug);
    if (known !== undefined && now - known.readAt < knownForMs) return known.found;
    const found = this.#read(slug);
    // Names of no source are forgotten: there are as many as somebody likes to try.
    found.then(
      (source) => source === null && this.#known.delete(slug),
      () => this.#known.delete(slug),
    );
    this.#known.set(slug, { readAt: now, found });
    return found;
  }

  async #read(slug: string): Promise<KnownSource | null> {
    const { db, config, secretKey } = this.#services;
    const source = (await listSources(db)).find((one) => one.source === slug && one.disconnectedAt === null);
    if (source === undefined) return null;
    return {
      source,
      secrets: await readSecrets(db, source.accountId, secretKey),
      isFull: await hasBacklog(db, source.accountId, gatewaySettings.of(config).gatewayBacklogMax),
      isDiskFull: await isDiskFull(config),
    };
  }

  #quotaOf({ source, maxEventsPerSecond }: Source): EventQuota {
    const known = this.#quotas.get(source);
    if (known?.perSecond === maxEventsPerSecond) return known;
    const quota = new EventQuota(maxEventsPerSecond, performance.now());
    this.#quotas.set(source, quota);
    return quota;
  }

  #coalescerOf(source: Source): Coalescer {
    const { accountId, source: slug } = source;
    const there = this.#coalescers.get(accountId);
    if (there !== undefined) return there;
    const made = new Coalescer(async (events) => {
      const limits = (await this.#find(slug))?.source ?? source;
      const receivedAt = await this.#services.clock.now();
      return storeEvents(this.#services.db, limits, events, { receivedAt, publishAs: this.#toPublish(slug) });
    });
    this.#coalescers.set(accountId, made);
    return made;
  }

  /** The name, once in a while. */
  #toPublish(slug: string): string | null {
    const now = performance.now();
    if (now - (this.#published.get(slug) ?? -wakeMs) < wakeMs) return null;
    this.#published.set(slug, now);
    return slug;
  }

  /** Has what was stored interpreted: at once, or once a second has passed since the last time. */
  #wake(slug: string): void {
    if (this.#wakes.has(slug)) return;
    const waitMs = Math.max(0, (this.#woken.get(slug) ?? -wakeMs) + wakeMs - performance.now());
    const timer = setTimeout(() => {
      this.#wakes.delete(slug);
      this.#woken.set(slug, performance.now());
      const waking = this.#enqueue(slug).finally(() => this.#waking.delete(waking));
      this.#waking.add(waking);
    }, waitMs);
    this.#wakes.set(slug, timer);
  }

  /** The schedule does the same every minute: what fails here is late, not lost. */
  async #enqueue(source: string): Promise<void> {
    const { db, enqueue, log } = this.#services;
    try {
      await db.transaction().execute((trx) => enqueue(trx, interpretJob, { source }));
    } catch (error) {
      log.warn({ err: error, source }, 'the interpretation of gateway events was not enqueued');
    }
  }
}

function unauthorized(): ArcadiaError {
  return sourceUnauthorized('The source is unknown, or this is not its secret or its signature.');
}

function signatureIn(headers: IntakeHead['headers']): Signed {
  return {
    id: headers['webhook-id'],
    timestamp: headers['webhook-timestamp'],
    signature: headers['webhook-signature'],
  };
}

function answerOf({ single }: SentBody, receipts: readonly Receipt[], isMinimal: boolean): IntakeAnswer {
  const count = (status: Receipt['status']) => receipts.filter((receipt) => receipt.status === status).length;
  const [first] = receipts;
  if (single && first?.status === 'conflict')
    throw eventConflict(`Another event with the id '${first.id}' was sent before.`, { details: { id: first.id } });
  if (isMinimal) return { status: 204, body: null };
  const answer = {
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    conflicts: count('conflict'),
    dead: count('dead'),
    results: receipts,
  };
  return { status: 200, body: JSON.stringify(answer) };
}
