import { hourly, sizeOf } from './catalogue.ts';
import type { Effects } from './effects.ts';

export const catalogueEffects: Effects<'price_size' | 'withdraw_size'> = {
  price_size(world, event) {
    world.sizes.add(event.size, {
      ...sizeOf(event.size),
      price_monthly: event.monthly,
      price_hourly: event.hourly ?? hourly(event.monthly),
    });
  },

  withdraw_size(world, event) {
    world.sizes.delete(event.size);
  },
};
