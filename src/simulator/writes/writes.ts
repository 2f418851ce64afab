import { type Answer, type Asked, json } from '../answer.ts';
import type { FaultBoard } from '../faults.ts';
import type { Timeline } from '../timeline.ts';
import type { Lens } from '../views.ts';
import { dropletLimit } from './droplets.ts';
import type { Newborns } from './newborns.ts';
import { reservedIpLimit } from './networks.ts';
import { matchWrite } from './routes.ts';
import { volumeLimit } from './storage.ts';
import { invalid, missing, pending, Refusal, type WriteRoute, type Written, Writing } from './write.ts';

interface WritesParts {
  readonly timeline: Timeline;
  readonly faults: FaultBoard;
  readonly newborns: Newborns;
  readonly requestId: () => string;
}

const limitRefusals: Readonly<Record<string, () => Refusal>> = {
  '/v2/droplets': dropletLimit,
  '/v2/volumes': volumeLimit,
  '/v2/reserved_ips': reservedIpLimit,
};

/** Carries out what is written: refused whole, or done whole. */
export class Writes {
  readonly #parts: WritesParts;

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  answer(asked: Asked, lens: Lens): Answer {
    const { faults } = this.#parts;
    const { method, path } = asked;
    try {
      const found = matchWrite(method, path);
      if (found === null) throw missing();
      this.#refuse(found.route, asked);
      const written = this.#write(found, asked, lens);
      const lost = faults.take('create_then', path, 1, (fault) => fault.method === method);
      if (lost !== undefined) return this.#lose(lost.what);
      return written.body === null
        ? { status: written.status, headers: {}, body: '' }
        : json(written.status, written.body);
    } catch (error) {
      if (error instanceof Refusal) return this.#error(error.status, error.id, error.message);
      throw error;
    }
  }

  /** The faults that come before anything is done. Throws Refusal. */
  #refuse(route: WriteRoute, { path }: Asked): void {
    const { faults } = this.#parts;
    const makesOne = route.method === 'POST' && route.path === path;
    if (makesOne && faults.take('limit_reached', path)) {
      throw (limitRefusals[path] ?? (() => invalid('this would exceed the limit of your account')))();
    }
    if (faults.take('locked', path)) throw pending();
  }

  #write({ route, ids }: { route: WriteRoute; ids: readonly string[] }, asked: Asked, lens: Lens): Written {
    const { path, origin } = asked;
    const { requestId: _, ...parts } = this.#parts;
    return route.write(new Writing({ ...parts, lens, path, origin }), bodyOf(asked), ids);
  }

  /** It is done, and the answer does not say so. */
  #lose(what: 500 | 502 | 504 | 'drop' | 'timeout'): Answer {
    if (what === 'drop') return { ...json(200, {}), drop: 'before' };
    if (what === 'timeout') return { ...json(200, {}), drop: 'never' };
    return this.#error(what, 'server_error', 'Server Error');
  }

  #error(status: number, id: string, message: string): Answer {
    return json(status, { id, message, request_id: this.#parts.requestId() });
  }
}

/** Throws Refusal for what is not JSON. */
function bodyOf({ body }: Asked): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new Refusal(400, 'error parsing request body');
  }
}
