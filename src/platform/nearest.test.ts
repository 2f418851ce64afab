import { expect, test } from 'vitest';
import { nearestWords } from './nearest.ts';

test.each([
  ['dropelt', ['droplet']],
  ['droplets', ['droplet']],
  ['load_balacer', ['load_balancer']],
  ['vpx', ['vpc']],
  ['apps', ['app']],
  ['bicycle', []],
])('%s is like %j', (word, nearest) => {
  expect(nearestWords(word, ['droplet', 'droplet_backup', 'load_balancer', 'vpc', 'app'])).toEqual(nearest);
});
