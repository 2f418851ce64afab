import fc from 'fast-check';
import { soaking } from './soak.ts';

// `npm test` tries the same random histories each time, so that what is red is so because of a change; other ones are
// tried by `npm run soak`, or with ARCADIA_SEED=<a whole number>.

const seed = process.env.ARCADIA_SEED ?? (soaking ? undefined : '1');
if (seed !== undefined) {
  if (!/^-?\d{1,10}$/.test(seed)) throw new RangeError(`ARCADIA_SEED is a whole number, not ${seed}`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}
