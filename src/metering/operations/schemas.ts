import { z } from 'zod';

// Values that several operations of metering name.

export const billingKind = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A meter', examples: ['droplet_hours'] });

export const resourceKind = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A kind of resource', examples: ['droplet'] });

export const dayText = z.iso.date().meta({ description: 'A UTC day', examples: ['2026-05-01'] });

/** What domain functions give as lists that nobody changes. */
export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
