import { type Ms, SECOND } from '../time.ts';

/** When what was written came to be, and was tagged, by the path at which it answers: some answers are behind that. */
export class Newborns {
  readonly #born = new Map<string, Ms>();
  readonly #tagged = new Map<string, Ms>();

  note(path: string, now: Ms): void {
    this.#born.set(path, now);
  }

  noteTag(path: string, now: Ms): void {
    this.#tagged.set(path, now);
  }

  isYounger(path: string, seconds: number, now: Ms): boolean {
    return (this.#born.get(path) ?? Number.NEGATIVE_INFINITY) > now - seconds * SECOND;
  }

  /** The ids of what came to be, or was tagged, under a listing's path within so many seconds: as numbers, too. */
  youngerOf(what: 'born' | 'tagged', listing: string, seconds: number, now: Ms): (string | number)[] {
    const times = what === 'born' ? this.#born : this.#tagged;
    return [...times].flatMap(([path, at]) => {
      if (at <= now - seconds * SECOND || !path.startsWith(`${listing}/`)) return [];
      const id = path.slice(listing.length + 1);
      return /^\d+$/.test(id) ? [id, Number(id)] : [id];
    });
  }
}
