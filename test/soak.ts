/** Whether this is `npm run soak`: what takes minutes runs whole there, and in part in `npm test`. */
export const soaking = process.env.ARCADIA_SOAK_RUNS !== undefined;

/**
 * How often a property is tried: `runs` in `npm test`, and as many times that as ARCADIA_SOAK_RUNS says where it
 * is set (a whole number, at least 1).
 */
export function soakRuns(runs: number): number {
  const factor = Number(process.env.ARCADIA_SOAK_RUNS ?? '1');
  if (!Number.isSafeInteger(factor) || factor < 1) throw new RangeError('ARCADIA_SOAK_RUNS is a whole number from 1');
  return runs * factor;
}

/** How long a test may take in `npm test`; `npm run soak` waits for as long as it takes. */
export function timeoutOf(milliseconds: number): number {
  return soaking ? 0 : milliseconds;
}
