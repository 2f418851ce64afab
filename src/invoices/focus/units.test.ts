import { expect, test } from 'vitest';
import { focusUnit } from './units.ts';

test.each([
  ['hour', 'Hours'],
  ['GiB-month', 'GiB-Months'],
  ['GB-month', 'GB-Months'],
  ['zone-month', 'Zone-Months'],
  ['node-hour', 'Node-Hours'],
  ['vCPU-hour', 'VCPU-Hours'],
  ['GB', 'GB'],
  ['TB/month', 'TB/Month'],
  ['support hour', 'Support Hours'],
  ['  hours ', 'Hours'],
  ['gb', 'GB'],
  ['gib', 'GiB'],
  ['Gb', 'Gb'],
  ['10 GB', '10 GB'],
  ['1000 requests', '1000 Requests'],
  ['GB/3 months', 'GB/3 Months'],
  ['Domain', 'Domains'],
  ['h', 'Hours'],
  ['pcs', 'Units'],
  ['pauschal', 'Pauschal'],
  ['business', 'Business'],
  ['', 'Units'],
  [null, 'Units'],
])('%j is %j', (ours, theirs) => {
  expect(focusUnit(ours)).toBe(theirs);
});
