import { destroy } from './effects-destroy.ts';
import type { Effects } from './effects.ts';
import { SECOND } from './time.ts';

/** Tags and keys of the account, what it may have at most, and what goes wrong in it. */
export const accountEffects: Effects<
  'create_tag' | 'destroy_tag' | 'create_key' | 'destroy_key' | 'set_account_limits' | 'fail_action' | 'lose'
> = {
  create_tag(world, { name }) {
    world.tags.add(name.toLowerCase(), { name: world.spell([name])[0] as string });
  },

  destroy_tag(world, { name }) {
    const key = name.toLowerCase();
    world.tags.delete(key);
    const without = (tags: readonly string[]) => tags.filter((tag) => tag.toLowerCase() !== key);
    for (const kind of ['droplets', 'volumes', 'snapshots', 'databases', 'clusters', 'firewalls'] as const) {
      const changed = world[kind].list().filter(({ tags }) => without(tags).length < tags.length);
      for (const item of changed) item.tags = without(item.tags);
      if (changed.length > 0) world[kind].touch();
    }
  },

  create_key(world, { name, publicKey, fingerprint }) {
    const id = world.nextId();
    world.keys.add(id, { id, name, publicKey, fingerprint });
    return id;
  },

  destroy_key(world, { key }) {
    world.keys.delete(key);
  },

  set_account_limits(world, { type: _type, ...limits }) {
    world.limits = limits;
  },

  fail_action(world, { action }) {
    const found = world.actions.findLast(({ id }) => id === action);
    if (found !== undefined) found.errored = true;
  },

  lose(world, event) {
    world.schedule(world.now + event.seconds * SECOND, () => destroy(world, { ...event, type: 'destroy', seconds: 0 }));
  },
};
