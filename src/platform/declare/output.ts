import type { z } from 'zod';

/** An answer that is not as its operation's schema says: a defect of ours, which is logged and not sent. */
class UnfitAnswer extends Error {
  override readonly name = 'UnfitAnswer';
}

/**
 * An answer as its schema lets it out: values become JSON, and fields that the schema does not
 * name are left out. Errors: UnfitAnswer.
 */
export function render(schema: z.ZodType, answer: unknown, operationId: string): unknown {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UnfitAnswer(`${operationId} answered what its schema does not allow: ${issues.join('; ')}`);
}
