import { z } from 'zod';
import { line, slug } from '../platform/declare/schemas.ts';

// What customers and deployments are made of, however they come: by a file, the API or a command.

export const externalId = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: 'is not 1 to 200 visible characters without blanks' })
  .meta({ description: "arcadia-app's id of a customer", examples: ['c-17'] });

/** Of a customer, or of a deployment. */
export const name = line;

export const deploymentSlug = slug.refine((text) => text !== 'unattributed', {
  error: 'is built in: what is unassigned',
});
