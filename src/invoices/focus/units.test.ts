import { expect, test } from 'vitest';
import { focusUnit } from './units.ts';

test.each([
  ['hour', 'Hours'],
  ['GiB-month', 'GiB-Months'],
  ['zone-month', 'Zone-Months'],
  ['node-hour', 'Node-Hours'],
  ['vCPU-hour', 'VCPU-Hours'],
  ['GB', 'GB'],
  ['TB/month', 'TB/Month'],
  ['support hour', 'Support Hours'],
  ['  hours ', 'Hours'],
  ['', 'Units'],
  [null, 'Units'],
])('%j is %j', (ours, theirs) => {
  expect(focusUnit(ours)).toBe(theirs);
});
