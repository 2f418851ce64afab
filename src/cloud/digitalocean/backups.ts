import type { ListedResource, ListingEnd, ListingEvent } from '../provider.ts';
import { backupImages, backupPolicies, dropletBackups, readAll } from './collections.ts';
import { readDropletBackups, withSource } from './kinds/storage.ts';
import { joinReasons } from './notes.ts';
import { paginate } from './paginate.ts';
import type { Reading } from './request.ts';

/**
 * Droplet backups, in bulk. The images tell size and time but not the droplet; the droplets name
 * their backups (`backup_ids`), the policies the plan. Which droplet a backup is of never
 * changes, so what the listing of droplets shows is remembered, and droplets are read again only
 * for a backup that none of them has named yet. Of one that none names, its droplet being gone, the
 * listing does not tell it.
 *
 * Which backups there are, the images alone say: where droplets or policies cannot be read, what they
 * would tell is not told, and the listing says so at its end.
 */
export class BackupSources {
  #dropletOf = new Map<string, string>();

  /** Remembers the backups that a droplet, as the provider shows it, names. */
  learn(droplet: unknown): void {
    const result = readDropletBackups(droplet);
    if (result.ok) this.#learn(result.item);
  }

  #learn({ dropletId, backupIds }: { readonly dropletId: string; readonly backupIds: readonly string[] }): void {
    for (const backupId of backupIds) this.#dropletOf.set(backupId, dropletId);
  }

  async *list(reading: Reading): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    const planOf = new Map<string, string | null>();
    const kept = new Map<string, string>();
    const sourceEnds: ListingEnd[] = [];
    let policies: ListingEnd | null = null;
    let dropletsRead = false;

    for await (const event of paginate(reading, backupImages)) {
      if (event.type === 'end') {
        // Backups that are gone need no longer be remembered.
        if (event.end.outcome === 'complete') this.#dropletOf = kept;
        yield { type: 'end', end: withSources(event.end, sourceEnds, reading.sent) };
        return;
      }
      if (event.items.length > 0 && policies === null) {
        for await (const said of paginate(reading, backupPolicies)) {
          if (said.type === 'page') for (const { dropletId, plan } of said.items) planOf.set(dropletId, plan);
          else sourceEnds.push((policies = said.end));
        }
      }
      if (!dropletsRead && event.items.some(({ externalId }) => !this.#dropletOf.has(externalId))) {
        dropletsRead = true;
        for await (const droplets of readAll(reading, dropletBackups)) {
          if (droplets.type === 'page') for (const droplet of droplets.items) this.#learn(droplet);
          else sourceEnds.push(droplets.end);
        }
      }
      // A droplet that policies read whole leave out has none.
      const otherPlan = policies?.outcome === 'complete' ? null : undefined;
      yield {
        type: 'page',
        items: event.items.map((backup) => {
          const dropletId = this.#dropletOf.get(backup.externalId);
          if (dropletId === undefined) return backup;
          kept.set(backup.externalId, dropletId);
          const plan = planOf.get(dropletId);
          return withSource(backup, { dropletId, plan: plan === undefined ? otherPlan : plan });
        }),
      };
    }
  }
}

/** The end of the images' listing; partial as well where what tells the sources could not be read. */
function withSources(images: ListingEnd, sources: readonly ListingEnd[], requests: number): ListingEnd {
  const unread = sources.filter((end) => end.outcome === 'partial');
  const [first] = unread;
  if (first === undefined || images.outcome === 'partial') return { ...images, requests };
  const reason = joinReasons([...unread.map((end) => end.reason), ...(images.reason === null ? [] : [images.reason])]);
  return { ...images, outcome: 'partial', problem: first.problem, reason, requests };
}
