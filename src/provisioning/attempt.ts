import type { Logger } from 'pino';
import { formatUrn, type MadeKind, type Provisioner, type SendWindow, type Sent } from '../cloud/index.ts';
import type { Account } from '../inventory/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import { SnoozeJob } from '../platform/declare/job.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { SEND_WITHIN_MS } from './create-step.ts';
import { addressesNamed, type KnownValues, resolve } from './deferred.ts';
import type { Deferrable, ProposedStep } from './proposal-document.ts';
import type { OpenedProposal } from './proposals.ts';
import type { Stored, UndoRecord } from './records.ts';
import { type Settled, settleRollout } from './settle.ts';
import {
  beDurable,
  insertRequests,
  lockRollout,
  type RolloutRow,
  type RolloutState,
  type SentRequest,
  type StepRow,
  updateStep,
} from './rollouts.store.ts';

/** A step of the proposal with what is stored of it. */
export interface Step extends Omit<StepRow, 'record' | 'undo'> {
  readonly proposed: ProposedStep;
  readonly record: Stored<{ readonly state: string }>;
  readonly undo: UndoRecord | null;
}

/** Somebody has decided about the rollout meanwhile: what this attempt knows of it is old. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** It cannot go on until a person has done something about it. */
export class Held extends Error {
  override readonly name = 'Held';
}

export interface AttemptParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly rollout: RolloutRow;
  readonly proposal: OpenedProposal;
  readonly account: Account;
  readonly secretKey: SecretKey;
  readonly steps: Step[];
  report(text: string): void;
}

/** How long what gives no answer, or does not show, is waited for before a person has to look. */
export const UNANSWERED_MAX = { hours: 2 };
/** How often an address is asked for. */
const ADDRESS_SECONDS = 10;

type Change = Partial<Pick<Step, 'mark' | 'record' | 'externalId' | 'adopted' | 'undo'>>;

/** One attempt at a rollout: what it knows, and the ways in which it stores, sends and waits. */
export class Attempt {
  readonly parts: AttemptParts;
  readonly #requests: SentRequest[] = [];
  readonly #addresses = new Map<string, string>();
  #provisioner: Provisioner | null = null;
  #now: Temporal.Instant;

  constructor(parts: AttemptParts, now: Temporal.Instant) {
    this.parts = parts;
    this.#now = now;
  }

  get steps(): readonly Step[] {
    return this.parts.steps;
  }

  /** Whose doing it is: who has asked for it to be undone, or has begun it. */
  get by(): string {
    const { undoBy, begunBy } = this.parts.rollout;
    return undoBy ?? begunBy;
  }

  get provisioner(): Provisioner {
    if (this.#provisioner === null) throw new RangeError('nothing is opened to write to');
    return this.#provisioner;
  }

  /** The last look at the clock. */
  get lastLook(): Temporal.Instant {
    return this.#now;
  }

  use(provisioner: Provisioner): void {
    this.#provisioner = provisioner;
  }

  readonly note = (event: { method: string; path: string; status: number | null; ms: number }): void => {
    const { method, path, status, ms } = event;
    this.#requests.push({ method, path, status, ms: Math.round(ms), requestId: null, sentAt: this.#now });
  };

  async now(): Promise<Temporal.Instant> {
    this.parts.signal.throwIfAborted();
    this.#now = await this.parts.clock.now();
    return this.#now;
  }

  /** Writes down what was asked of the provider since the last time. */
  async flush(requestId: string | null = null): Promise<void> {
    const requests = this.#requests.splice(0);
    const last = requests.at(-1);
    if (last === undefined) return;
    requests.splice(-1, 1, { ...last, requestId });
    await insertRequests(this.parts.db, this.parts.rollout.rolloutId, requests);
  }

  /** Stores what has become of a step. */
  async keep(step: Step, change: Change): Promise<Step> {
    const next = await this.#changed(step, change);
    await updateStep(this.parts.db, next.stepId, stored(next), this.#now);
    return this.#replace(next);
  }

  /**
   * Stores an intent and commits it, unless somebody has decided otherwise meanwhile.
   * @returns the step, and until when it may be sent: counted from before the transaction began
   * @throws Overtaken
   */
  async intend(step: Step, change: Change, state: RolloutState): Promise<{ step: Step; window: SendWindow }> {
    const { db, rollout, signal } = this.parts;
    const beforeMs = performance.now() + SEND_WITHIN_MS;
    const beforeEpochMs = Temporal.Now.instant().epochMilliseconds + SEND_WITHIN_MS;
    const next = await this.#changed(step, change);
    await db.transaction().execute(async (trx) => {
      await beDurable(trx);
      const current = await lockRollout(trx, rollout.rolloutId);
      if (current?.state !== state) throw new Overtaken(`it is ${current?.state} now`);
      await updateStep(trx, next.stepId, stored(next), this.#now);
    });
    return { step: this.#replace(next), window: { beforeMs, beforeEpochMs, signal } };
  }

  async #changed(step: Step, change: Change): Promise<Step> {
    await this.now();
    return { ...step, ...change, state: (change.record ?? step.record).state, changedAt: this.#now };
  }

  #replace(step: Step): Step {
    const { steps } = this.parts;
    steps.splice(
      steps.findIndex(({ stepId }) => stepId === step.stepId),
      1,
      step,
    );
    return step;
  }

  /** Ends this attempt until later. */
  async wait(seconds: number, why: string): Promise<never> {
    await this.flush();
    throw new SnoozeJob(Math.max(1, Math.ceil(seconds)), why);
  }

  /**
   * As `wait`, of what need not come by itself: once nothing has come of the rollout for long, a person has to look.
   * @throws Held
   */
  async waitAWhile(seconds: number, why: string): Promise<never> {
    const { rollout } = this.parts;
    const now = await this.now();
    const changes = [rollout.changedAt, ...this.steps.map(({ changedAt }) => changedAt)];
    const isNew = changes.some((at) => Temporal.Instant.compare(at.add(UNANSWERED_MAX), now) >= 0);
    if (!isNew) throw new Held(why);
    return this.wait(seconds, why);
  }

  /** What has become of the rollout, unless somebody has decided otherwise meanwhile. */
  async settle(from: RolloutState, state: Settled, reason: string | null): Promise<void> {
    const { db, rollout } = this.parts;
    await this.flush();
    const now = await this.now();
    await db.transaction().execute(async (trx) => {
      const current = await lockRollout(trx, rollout.rolloutId);
      if (current?.state !== from) throw new Overtaken(`it is ${current?.state} now`);
      await settleRollout(trx, rollout, { state, reason }, now);
    });
  }

  /** What is deferred, as this step knows it now: addresses, once they are learned. */
  resolve<Value>(step: Step, value: Deferrable<Value>): Value {
    const known: KnownValues = {
      mark: step.mark,
      idOf: (key) => this.#step(key)?.externalId ?? undefined,
      urnOf: (key) => {
        const { kind, externalId } = made(this.#step(key));
        return kind === null || externalId === null ? undefined : (formatUrn(kind, externalId) ?? undefined);
      },
      addressOf: (key) => this.#addresses.get(key),
      secret: (name) => this.parts.proposal.secrets.get(name),
    };
    return resolve(value, known);
  }

  /**
   * Asks the provider for the addresses that a step's values name.
   * @returns false: what has one of them is gone
   */
  async learn(step: Step): Promise<boolean> {
    for (const key of addressesNamed(step.proposed.work)) {
      if (this.#addresses.has(key)) continue;
      const { kind, externalId } = made(this.#step(key));
      if (kind === null || externalId === null) continue;
      const look = await this.provisioner.look(kind, externalId, this.parts.signal);
      if (look.is === 'absent') return false;
      if (look.address === null) return this.waitAWhile(ADDRESS_SECONDS, `${step.key}: ${key} has no address yet`);
      this.#addresses.set(key, look.address);
    }
    return true;
  }

  #step(key: string): Step | undefined {
    return this.steps.find((one) => one.key === key);
  }

  /** The kinds of what was created, adopted or destroyed. */
  kindsTouched(): ReadonlySet<MadeKind> {
    const works = this.steps.map(({ proposed }) => proposed.work);
    return new Set(works.flatMap((work) => (work.do === 'create' || work.do === 'destroy' ? [work.kind] : [])));
  }
}

function made(step: Step | undefined): { readonly kind: MadeKind | null; readonly externalId: string | null } {
  const work = step?.proposed.work;
  return { kind: work?.do === 'create' ? work.kind : null, externalId: step?.externalId ?? null };
}

function stored({ mark, state, record, externalId, adopted, undo }: Step) {
  return { mark, state, record, externalId, adopted, undo };
}

/** The provider's own id of a write. */
export function requestIdOf(sent: Sent): string | null {
  return sent.answer === 'done' || sent.answer === 'refused' ? sent.requestId : null;
}
