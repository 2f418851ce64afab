import { expect, test } from 'vitest';
import { aclSettings, policySetting, readPolicySettings, readRecordSettings } from './details.ts';

test('a record is the same with and without its zone, its dot and its case', () => {
  const record = {
    id: 3352896,
    type: 'cname',
    ttl: 1800,
    priority: null,
    port: null,
    weight: null,
    flags: null,
    tag: null,
  };
  const expected = {
    'record/3352896/type': 'CNAME',
    'record/3352896/name': 'www',
    'record/3352896/value': 'host.example',
    'record/3352896/ttl': 1800,
  };
  for (const [name, data] of [
    ['www', 'host.example'],
    ['WWW.Zone.example.', 'Host.example.'],
  ])
    expect(readRecordSettings('zone.example', { ...record, name, data })).toEqual(expected);
  expect(readRecordSettings('zone.example', { ...record, name: 'zone.example', data: '@' })).toMatchObject({
    'record/3352896/name': '@',
    'record/3352896/value': 'zone.example',
  });
  // What is said in a text is what is said.
  expect(readRecordSettings('zone.example', { id: 1, type: 'TXT', name: '@', data: 'V=spf1 -all.' })).toMatchObject({
    'record/1/value': 'V=spf1 -all.',
  });
  expect(readRecordSettings('zone.example', { type: 'A' })).toBeNull();
});

test('a backup policy; without backups there is none, and one that is not told is not told', () => {
  const read = (raw: object) => {
    const found = readPolicySettings(raw);
    return found && { values: found.draft.values, untold: found.draft.untold };
  };
  const policy = { plan: 'weekly', weekday: 'SUN', hour: 0, window_length_hours: 4, retention_period_days: 28 };
  expect(read({ droplet_id: 7, backup_enabled: true, backup_policy: policy })).toEqual({
    values: { 'backup_policy/plan': 'weekly', 'backup_policy/weekday': 'sun', 'backup_policy/hour': 0 },
    untold: [],
  });
  expect(read({ droplet_id: 7, backup_enabled: false })).toEqual({ values: {}, untold: [] });
  expect(read({ droplet_id: 7, backup_enabled: true })).toEqual({ values: {}, untold: ['backup_policy/'] });
  expect(read({ backup_enabled: true })).toBeNull();
});

test('who may do what with a bucket, and its policy in any order', () => {
  const everyone = { URI: 'http://acs.amazonaws.com/groups/global/AllUsers' };
  expect(
    aclSettings('7', [
      { Grantee: { ID: '7' }, Permission: 'FULL_CONTROL' },
      { Grantee: everyone, Permission: 'READ' },
      { Grantee: { ID: '8' }, Permission: 'WRITE' },
    ]),
  ).toEqual(['8:WRITE', 'AllUsers:READ', 'owner:FULL_CONTROL']);
  const one = '{"Version":"v","Statement":[{"Action":["a","b"]},{"Action":["c"]}]}';
  const other = '{"Statement":[{"Action":["c"]},{"Action":["b","a"]}],"Version":"v"}';
  expect(policySetting(one)).toEqual(policySetting(other));
  expect(policySetting(one)).not.toEqual(policySetting(one.replace('"c"', '"d"')));
  expect([policySetting(undefined), policySetting('no JSON')]).toEqual([null, 'no JSON']);
});
