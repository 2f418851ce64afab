import type { z } from 'zod';
import type { Action } from '../entities.ts';
import { type FleetEventInput, fleetEvent, type Kind } from '../events.ts';
import type { FaultBoard } from '../faults.ts';
import { Random } from '../random.ts';
import type { Timeline } from '../timeline.ts';
import type { Lens, View } from '../views.ts';
import { actionView } from '../views.ts';
import type { World } from '../world.ts';
import type { Newborns } from './newborns.ts';

/** What the provider says instead of doing what was asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly id: string;

  constructor(status: keyof typeof refusalIds, message: string) {
    super(message);
    this.status = status;
    this.id = refusalIds[status];
  }
}

const refusalIds = {
  400: 'bad_request',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition_failed',
  422: 'unprocessable_entity',
} as const;

export const invalid = (message: string) => new Refusal(422, message);
export const missing = () => new Refusal(404, 'The resource you requested could not be found.');
export const pending = () => invalid('Droplet already has a pending event.');

export interface Written {
  readonly status: number;
  /** null: the answer has no body. */
  readonly body: View | null;
}

export const nothing: Written = { status: 204, body: null };

interface WritingParts {
  readonly timeline: Timeline;
  readonly lens: Lens;
  readonly faults: FaultBoard;
  readonly newborns: Newborns;
  readonly path: string;
  /** Where the client reached us. */
  readonly origin: string;
}

/** One write while it is carried out: everything that it changes, it changes through events. */
export class Writing {
  readonly lens: Lens;
  readonly #parts: WritingParts;

  constructor(parts: WritingParts) {
    this.#parts = parts;
    this.lens = parts.lens;
  }

  get world(): World {
    return this.lens.world;
  }

  happen(event: FleetEventInput): string | number | undefined {
    return this.#parts.timeline.happen(fleetEvent.parse(event));
  }

  /** What comes by chance of this write: the same after the same events. */
  get random(): Random {
    return new Random(this.world.seed, 'writes', this.world.now, this.world.actions.length);
  }

  /** Lets an event happen whose action takes from `min` to `max` seconds, unless a fault holds it up or fails it. */
  act(event: FleetEventInput, min: number, max: number): { readonly id: string | number; readonly action: Action } {
    const { faults, path } = this.#parts;
    const seconds = faults.take('action_stuck', path)?.seconds ?? this.random.int(min, max);
    const id = this.happen({ ...event, seconds } as FleetEventInput) as string | number;
    const action = this.world.actions.at(-1) as Action;
    if (faults.take('action_errored', path)) this.happen({ type: 'fail_action', action: action.id });
    return { id, action };
  }

  /** Something came to be that answers at `path`: it may not do so yet, and it may be lost. */
  created(kind: Kind | null, id: string | number, path: string, tags: readonly string[] = []): void {
    const { faults, newborns } = this.#parts;
    newborns.note(path, this.world.now);
    if (tags.length > 0) newborns.noteTag(path, this.world.now);
    const lost = kind === null ? undefined : faults.take('create_lost', this.#parts.path);
    if (kind !== null && lost !== undefined) this.happen({ type: 'lose', kind, id, seconds: lost.seconds });
  }

  tagged(path: string): void {
    this.#parts.newborns.noteTag(path, this.world.now);
  }

  /** How long a network and volumes still count what is destroyed by this write. */
  held(): { readonly volumesHeld: number; readonly membersHeld: number } {
    const { faults, path } = this.#parts;
    return {
      volumesHeld: faults.take('slow_destroy', path)?.seconds ?? 0,
      membersHeld: faults.take('slow_members', path)?.seconds ?? 0,
    };
  }

  actionLink({ id }: Action, rel: string): View {
    return { id, rel, href: `${this.#parts.origin}/v2/actions/${id}` };
  }

  actionBody(action: Action): View {
    return { action: actionView(action, this.lens) };
  }
}

/** One thing that can be written, as the provider's description has it. */
export interface WriteRoute {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly scope: string;
  /** Throws Refusal. `body` is undefined where none was sent. */
  readonly write: (writing: Writing, body: unknown, ids: readonly string[]) => Written;
}

/** A route whose body is understood first. */
export function taking<Schema extends z.ZodType>(
  method: WriteRoute['method'],
  path: string,
  scope: string,
  schema: Schema,
  write: (writing: Writing, body: z.output<Schema>, ...ids: string[]) => Written,
): WriteRoute {
  return {
    method,
    path,
    scope,
    write(writing, body, ids) {
      const parsed = schema.safeParse(body);
      if (parsed.success) return write(writing, parsed.data, ...ids);
      const issue = parsed.error.issues[0];
      throw invalid(`${issue?.path.join('.') || 'body'}: ${issue?.message}`);
    },
  };
}

export function deleting(
  path: string,
  scope: string,
  write: (writing: Writing, ...ids: string[]) => Written,
): WriteRoute {
  return { method: 'DELETE', path, scope, write: (writing, _, ids) => write(writing, ...ids) };
}
