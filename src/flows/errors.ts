import { declareError } from '../platform/errors.ts';

/** The place where the end of the audit log is kept cannot be written, or read. */
export const anchorFailed = declareError({
  code: 'anchor_failed',
  status: 502,
  todo: 'See that the place of ARCADIA_AUDIT_ANCHOR is there and that this process may add to it; the audit log itself goes on. Then run the job anchor_audit.',
});
