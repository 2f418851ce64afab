import { describe, expect, test } from 'vitest';
import { correctByActions } from './droplet-timeline.ts';
import type { Believed, Correction, ResourceState } from './timeline.ts';

const at = (time: string) => Temporal.Instant.from(`2026-05-01T${time}:00Z`);
const small = { size_slug: 's-1vcpu-1gb', vcpus: 1 };
const large = { size_slug: 's-4vcpu-8gb', vcpus: 4 };

function droplet(status: string, attributes: Record<string, unknown> = small): ResourceState {
  return { name: 'web', status, region: 'fra1', tags: [], parents: [], attributes };
}

function since(from: string, state: ResourceState, to?: string): Believed {
  return { from: at(from), to: to === undefined ? null : at(to), state };
}

function did(type: string, time: string) {
  return { type, completedAt: at(time) };
}

function shown(corrections: readonly Correction[]) {
  return corrections.map(({ from, to, state }) => {
    const what = state === null ? 'gone' : `${state.status} ${String(state.attributes.size_slug)}`;
    return `${from.toString().slice(11, 16)}-${to.toString().slice(11, 16)} ${what}`;
  });
}

const quarters = ['10:00', '10:15', '10:30', '10:45'].map(at);

describe('power', () => {
  test('a droplet seen off is off from when it was powered off', () => {
    const believed = [since('08:00', droplet('active'), '10:15'), since('10:15', droplet('off'))];
    expect(shown(correctByActions(believed, quarters, [did('power_off', '10:04')]))).toEqual([
      '10:04-10:15 off s-1vcpu-1gb',
    ]);
  });

  test('off and on again between two listings is recovered', () => {
    const believed = [since('08:00', droplet('active'))];
    const actions = [did('power_off', '10:04'), did('power_on', '10:09')];
    expect(shown(correctByActions(believed, quarters, actions))).toEqual(['10:04-10:09 off s-1vcpu-1gb']);
  });

  test('each window is told from its own listings', () => {
    const believed = [
      since('08:00', droplet('active'), '10:15'),
      since('10:15', droplet('off'), '10:30'),
      since('10:30', droplet('active')),
    ];
    const actions = [did('shutdown', '10:01'), did('power_on', '10:29')];
    expect(shown(correctByActions(believed, quarters, actions))).toEqual([
      '10:01-10:15 off s-1vcpu-1gb',
      '10:29-10:30 active s-1vcpu-1gb',
    ]);
  });

  test('a shutdown that the droplet ignored is none', () => {
    expect(correctByActions([since('08:00', droplet('active'))], quarters, [did('shutdown', '10:04')])).toEqual([]);
  });

  test('a shutdown counts where a power_on says that it was off', () => {
    const actions = [did('shutdown', '10:04'), did('power_on', '10:09')];
    expect(shown(correctByActions([since('08:00', droplet('active'))], quarters, actions))).toEqual([
      '10:04-10:09 off s-1vcpu-1gb',
    ]);
  });

  test('a reboot of a droplet that stays off does nothing; of one that runs, nothing either', () => {
    expect(correctByActions([since('08:00', droplet('off'))], quarters, [did('reboot', '10:04')])).toEqual([]);
    expect(correctByActions([since('08:00', droplet('active'))], quarters, [did('power_cycle', '10:04')])).toEqual([]);
  });

  test('a power cycle dates when an off droplet came on', () => {
    const believed = [since('08:00', droplet('off'), '10:15'), since('10:15', droplet('active'))];
    expect(shown(correctByActions(believed, quarters, [did('power_cycle', '10:04')]))).toEqual([
      '10:04-10:15 active s-1vcpu-1gb',
    ]);
  });

  test('what a listing showed against the actions holds from that listing on', () => {
    const believed = [since('08:00', droplet('active'))];
    expect(shown(correctByActions(believed, quarters, [did('power_off', '10:04')]))).toEqual([
      '10:04-10:15 off s-1vcpu-1gb',
    ]);
  });

  test('an action at the instant of a listing that does not show it came after it', () => {
    const believed = [since('08:00', droplet('active'), '10:15'), since('10:15', droplet('off'))];
    expect(shown(correctByActions(believed, quarters, [did('power_off', '10:00')]))).toEqual([
      '10:00-10:15 off s-1vcpu-1gb',
    ]);
    const unseen = [since('08:00', droplet('active'))];
    expect(shown(correctByActions(unseen, quarters, [did('power_off', '10:00'), did('power_on', '10:05')]))).toEqual([
      '10:00-10:05 off s-1vcpu-1gb',
    ]);
    const seen = [since('08:00', droplet('active'), '10:00'), since('10:00', droplet('off'))];
    expect(correctByActions(seen, quarters, [did('power_off', '10:00')])).toEqual([]);
  });

  test('a shutdown at the instant of a listing that shows the droplet on could have come before it', () => {
    const believed = [since('08:00', droplet('active'), '10:15'), since('10:15', droplet('off'))];
    expect(correctByActions(believed, quarters, [did('shutdown', '10:00')])).toEqual([]);
    expect(shown(correctByActions(believed, quarters, [did('shutdown', '10:00'), did('power_off', '10:05')]))).toEqual([
      '10:05-10:15 off s-1vcpu-1gb',
    ]);
  });

  test('an action after the last listing waits', () => {
    expect(correctByActions([since('08:00', droplet('active'))], quarters, [did('power_off', '10:50')])).toEqual([]);
  });
});

describe('resize', () => {
  const believed = [since('08:00', droplet('active'), '10:15'), since('10:15', droplet('active', large))];

  test('is dated to its action, with the power around it', () => {
    const actions = [did('power_off', '10:02'), did('resize', '10:05'), did('power_on', '10:07')];
    expect(shown(correctByActions(believed, quarters, actions))).toEqual([
      '10:02-10:05 off s-1vcpu-1gb',
      '10:05-10:07 off s-4vcpu-8gb',
      '10:07-10:15 active s-4vcpu-8gb',
    ]);
  });

  test('of two, the last one gave the size that was seen', () => {
    expect(shown(correctByActions(believed, quarters, [did('resize', '10:05'), did('resize', '10:11')]))).toEqual([
      '10:11-10:15 active s-4vcpu-8gb',
    ]);
  });

  test('at the instant of the first listing, told again, leaves the size before it', () => {
    const believed = [since('08:00', droplet('active'), '10:01'), since('10:01', droplet('active', large))];
    const resized = [did('resize', '10:00')];
    const sightings = [at('10:00'), at('10:01')];
    expect(correctByActions(believed, sightings, resized)).toEqual([]);
    const corrected = [since('08:00', droplet('active'), '10:00'), since('10:00', droplet('active', large))];
    expect(correctByActions(corrected, sightings, resized)).toEqual([]);
  });

  test('that changed nothing seen changes nothing', () => {
    expect(correctByActions([since('08:00', droplet('active'))], quarters, [did('resize', '10:05')])).toEqual([]);
  });
});

describe('birth and end', () => {
  test('power before the first listing is told back to birth', () => {
    const born = [since('09:50', droplet('active'))];
    expect(
      shown(correctByActions(born, [at('09:45'), ...quarters], [did('power_off', '09:52'), did('power_on', '09:57')])),
    ).toEqual(['09:52-09:57 off s-1vcpu-1gb']);
    expect(shown(correctByActions(born, [at('09:45'), ...quarters], [did('power_on', '09:57')]))).toEqual([
      '09:50-09:57 off s-1vcpu-1gb',
    ]);
  });

  test('a droplet counts from its creation, not from when creating it was done', () => {
    const born = [since('09:50', droplet('active'))];
    expect(correctByActions(born, [at('09:45'), ...quarters], [did('create', '09:51')])).toEqual([]);
  });

  test('one that was seen while it was made is active from when that was done', () => {
    const believed = [since('09:50', droplet('new'), '10:15'), since('10:15', droplet('active'))];
    expect(shown(correctByActions(believed, quarters, [did('create', '10:01')]))).toEqual([
      '10:01-10:15 active s-1vcpu-1gb',
    ]);
  });

  test('an end that a listing found is dated to the destroy action', () => {
    const believed = [since('08:00', droplet('active'), '10:15')];
    expect(shown(correctByActions(believed, quarters, [did('power_off', '10:03'), did('destroy', '10:08')]))).toEqual([
      '10:03-10:08 off s-1vcpu-1gb',
      '10:08-10:15 gone',
    ]);
  });

  test('a destroy action ends nothing that is listed', () => {
    expect(correctByActions([since('08:00', droplet('active'))], quarters, [did('destroy', '10:08')])).toEqual([]);
  });
});
