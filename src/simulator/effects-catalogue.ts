import { hourly, sizeOf } from './catalogue.ts';
import type { Effects } from './effects.ts';

export const catalogueEffects: Effects<'price_size' | 'withdraw_size'> = {
  price_size(world, event) {
    const price_hourly = event.hourly ?? hourly(event.monthly);
    world.sizes.add(event.size, { ...sizeOf(event.size), price_monthly: event.monthly, price_hourly });
    // With an hour's price of its own, a month costs no more than so many of them.
    const hours = event.hourly ? event.monthly / event.hourly : 672;
    world.charges.price(event.size, Math.round(event.monthly * 100), Math.max(1, Math.round(hours * 3_600)));
  },

  withdraw_size(world, event) {
    world.sizes.delete(event.size);
  },
};
