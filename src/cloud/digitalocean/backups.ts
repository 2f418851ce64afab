import type { ListedResource, ListingEnd, ListingEvent } from '../provider.ts';
import { backupImages, backupPolicies, dropletBackups, readAll } from './collections.ts';
import { readDropletBackups, withSource } from './kinds/storage.ts';
import { paginate } from './paginate.ts';
import type { Reading } from './request.ts';

/**
 * Droplet backups, in bulk. The images tell size and time but not the droplet; the droplets name
 * their backups (`backup_ids`), the policies the plan. Which droplet a backup is of never
 * changes, so what the listing of droplets shows is remembered, and droplets are read again only
 * for a backup that none of them has named yet. Of one that none names, its droplet being gone, the
 * listing does not tell it.
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
    const planOf = new Map<string, string>();
    const kept = new Map<string, string>();
    let policiesRead = false;
    let dropletsRead = false;
    const partial = (end: Extract<ListingEnd, { outcome: 'partial' }>): ListingEvent<ListedResource> => ({
      type: 'end',
      end: { ...end, requests: reading.sent },
    });

    for await (const event of paginate(reading, backupImages)) {
      if (event.type === 'end') {
        // Backups that are gone need no longer be remembered.
        if (event.end.outcome === 'complete') this.#dropletOf = kept;
        yield { type: 'end', end: { ...event.end, requests: reading.sent } };
        return;
      }
      // Without its source a backup would seem to have lost it, so it is not shown without.
      if (event.items.length > 0 && !policiesRead) {
        policiesRead = true;
        for await (const policies of paginate(reading, backupPolicies)) {
          if (policies.type === 'page') {
            for (const { dropletId, plan } of policies.items) if (plan !== null) planOf.set(dropletId, plan);
          } else if (policies.end.outcome === 'partial') {
            yield partial(policies.end);
            return;
          }
        }
      }
      if (!dropletsRead && event.items.some(({ externalId }) => !this.#dropletOf.has(externalId))) {
        dropletsRead = true;
        for await (const droplets of readAll(reading, dropletBackups)) {
          if (droplets.type === 'page') for (const droplet of droplets.items) this.#learn(droplet);
          else if (droplets.end.outcome === 'partial') {
            yield partial(droplets.end);
            return;
          }
        }
      }
      yield {
        type: 'page',
        items: event.items.map((backup) => {
          const dropletId = this.#dropletOf.get(backup.externalId);
          if (dropletId === undefined) return backup;
          kept.set(backup.externalId, dropletId);
          return withSource(backup, dropletId, planOf.get(dropletId));
        }),
      };
    }
  }
}
