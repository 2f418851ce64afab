import { z } from 'zod';
import { type Answer, json } from './answer.ts';
import type { Bills } from './billing/bills.ts';
import { controlBilling } from './billing/control.ts';
import { organizationUuid } from './billing/insights.ts';
import type { SimulatedClock } from './clock.ts';
import { fleetEvent } from './events.ts';
import { type FaultBoard, faultInput } from './faults.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { RequestLog } from './request-log.ts';
import { instantOf, rfc3339 } from './time.ts';
import type { Script } from './timeline.ts';

/** Where the simulator itself is spoken to. No token, no limits, not in the log. */
export const CONTROL_PATH = '/_simulator';

const instant = z.string().transform((text, context) => read(context, () => Temporal.Instant.from(text)));
const duration = z.string().transform((text, context) => read(context, () => Temporal.Duration.from(text)));

function read<T>(context: z.RefinementCtx, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
}

const clockInput = z.union([z.strictObject({ advanceTo: instant }), z.strictObject({ advanceBy: duration })]);
const limit = z.int().positive().nullable();
const limitsInput = z.strictObject({ perHour: limit, perMinute: limit });
const fleetInput = z.strictObject({ events: z.array(fleetEvent).min(1).max(1_000) });

/** The clock goes no further in one step: a typing error would keep a large fleet busy for long. */
const STEP_YEARS_MAX = 5;

interface ControlParts {
  readonly fleet: string;
  readonly seed: number;
  readonly script: Script;
  readonly clock: SimulatedClock;
  readonly bills: Bills;
  readonly faults: FaultBoard;
  readonly limiter: RateLimiter;
  readonly log: RequestLog;
  readonly s3Endpoint: () => string;
}

/** Answers under /_simulator. What is wrong with a body is said with a 400. */
export class Control {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  answer(method: string, path: string, body: string): Answer {
    const { clock, faults, log, limiter } = this.#parts;
    const asked = `${method} ${path.slice(CONTROL_PATH.length) || '/'}`;
    try {
      switch (asked) {
        case 'GET /':
          return json(200, this.#about());
        case 'GET /clock':
          return json(200, this.#clock());
        case 'POST /clock':
          return this.#advance(clockInput.parse(JSON.parse(body)));
        case 'GET /faults':
          return json(200, { faults: faults.list() });
        case 'POST /faults': {
          const id = faults.add(faultInput.parse(JSON.parse(body)));
          return id === null
            ? refused('too many faults are on: DELETE /_simulator/faults clears them')
            : json(201, { id, faults: faults.list() });
        }
        case 'DELETE /faults':
          faults.clear();
          return json(200, { faults: [] });
        case 'GET /limits':
          return json(200, limiter.limits);
        case 'POST /limits':
          limiter.limits = limitsInput.parse(JSON.parse(body));
          return json(200, limiter.limits);
        case 'POST /fleet': {
          const { events } = fleetInput.parse(JSON.parse(body));
          const made = events.map((event) => ({ type: event.type, id: clock.timeline.happen(event) ?? null }));
          return json(200, { events: made });
        }
        case 'GET /requests':
          return json(200, log.report());
        case 'DELETE /requests':
          log.clear();
          return json(200, log.report());
        default:
          return (
            controlBilling(this.#parts.bills, asked, body) ??
            json(404, { error: { message: `there is no ${asked} here`, issues: [] } })
          );
      }
    } catch (error) {
      if (error instanceof z.ZodError) return refused('the body is not as it should be', error.issues.map(issueText));
      if (error instanceof SyntaxError) return refused(`the body is not JSON: ${error.message}`);
      if (error instanceof RangeError) return refused(error.message);
      throw error;
    }
  }

  #advance(step: z.output<typeof clockInput>): Answer {
    const { clock } = this.#parts;
    const now = instantOf(clock.now);
    const to = 'advanceTo' in step ? step.advanceTo : now.toZonedDateTimeISO('UTC').add(step.advanceBy).toInstant();
    const furthest = now.toZonedDateTimeISO('UTC').add({ years: STEP_YEARS_MAX }).toInstant();
    if (Temporal.Instant.compare(to, furthest) > 0) return refused(`not more than ${STEP_YEARS_MAX} years in one step`);
    clock.advanceTo(to.epochMilliseconds);
    return json(200, this.#clock());
  }

  #clock() {
    const { clock, script } = this.#parts;
    return { now: rfc3339(clock.now), start: rfc3339(script.start), end: rfc3339(script.end) };
  }

  #about() {
    const { fleet, seed, script, clock, s3Endpoint } = this.#parts;
    const { deployments, shared } = script;
    const team = `do:team:${clock.timeline.world.teamUuid}`;
    const organization = `do:teamgroup:${organizationUuid(seed)}`;
    return {
      fleet,
      seed,
      team,
      organization,
      ...this.#clock(),
      s3Endpoint: s3Endpoint(),
      deployments,
      sharedResources: shared,
    };
  }
}

function issueText(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.') || 'body'}: ${issue.message}`;
}

function refused(message: string, issues: readonly string[] = []): Answer {
  return json(400, { error: { message, issues } });
}
