import type { Effects } from './effects.ts';

/** What no listing shows, and the bill does. */
export const billingEffects: Effects<'transfer_out' | 'subscribe'> = {
  transfer_out(world, { source, id, bytes }) {
    const known = source === 'droplet' ? world.droplets.get(Number(id)) : world.buckets.get(String(id));
    if (known !== undefined) world.charges.transfer(source, bytes);
  },

  subscribe(world, { plan, count }) {
    world.charges.subscription(plan, count);
  },
};
