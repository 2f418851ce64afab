import { describe, expect, test } from 'vitest';
import { type Anonymous, correctResource, matchAnonymous, type Suspect } from './resource-timeline.ts';
import type { Believed, Correction, ResourceState } from './timeline.ts';

const at = (time: string) => Temporal.Instant.from(`2026-05-01T${time}:00Z`);
const quarters = ['10:00', '10:15', '10:30', '10:45'].map(at);

function resource(droplet: number | null, attributes: Record<string, unknown> = {}): ResourceState {
  const parents = droplet === null ? [] : [`droplet:${droplet}`];
  return { name: 'one', status: 'active', region: 'fra1', tags: [], parents, attributes };
}
const address = (droplet: number | null) => resource(droplet, { assigned: droplet !== null, ip_version: 4 });
const volume = (droplet: number | null, size = 100) => resource(droplet, { size_gb: size });
const image = (region: string | null) => ({ ...resource(null, { size_gb: 10 }), region });

const since = (from: string, state: ResourceState, to?: string): Believed => ({
  from: at(from),
  to: to === undefined ? null : at(to),
  state,
});
const did = (type: string, time: string) => ({ type, completedAt: at(time) });

function shown(corrections: readonly Correction[]): string[] {
  return corrections.map(({ from, to, state }) => {
    const { assigned, size_gb: size } = state?.attributes ?? {};
    const facts = [...(state?.parents ?? []), assigned === undefined ? size : assigned ? 'assigned' : 'free'];
    const what = state === null ? 'gone' : `${facts.join(' ')} ${state.region ?? 'everywhere'}`;
    return `${from.toString().slice(11, 16)}-${to.toString().slice(11, 16)} ${what}`;
  });
}

describe('a reserved IP', () => {
  const correct = (believed: readonly Believed[], ...actions: ReturnType<typeof did>[]) =>
    shown(correctResource('reserved_ip', believed, quarters, actions));

  test('is assigned from when that was done, to the droplet that is seen next', () => {
    const believed = [since('08:00', address(null), '10:15'), since('10:15', address(7))];
    expect(correct(believed, did('assign_ip', '10:04'))).toEqual(['10:04-10:15 droplet:7 assigned fra1']);
  });

  test('is free from when that was done', () => {
    const believed = [since('08:00', address(7), '10:15'), since('10:15', address(null))];
    expect(correct(believed, did('unassign_ip', '10:04'))).toEqual(['10:04-10:15 free fra1']);
  });

  test('moves from droplet to droplet, and is free between', () => {
    const believed = [since('08:00', address(7), '10:15'), since('10:15', address(8))];
    expect(correct(believed, did('unassign_ip', '10:04'), did('assign_ip', '10:06'))).toEqual([
      '10:04-10:06 free fra1',
      '10:06-10:15 droplet:8 assigned fra1',
    ]);
    expect(correct(believed, did('assign_ip', '10:06'))).toEqual(['10:06-10:15 droplet:8 assigned fra1']);
  });

  test('that was assigned unseen was assigned, and nobody says to which droplet', () => {
    expect(correct([since('08:00', address(null))], did('assign_ip', '10:04'), did('unassign_ip', '10:09'))).toEqual([
      '10:04-10:09 assigned fra1',
    ]);
  });

  test('begins when it was reserved, as it was then', () => {
    const believed = [since('10:15', address(7))];
    expect(correct(believed, did('reserve_ip', '10:02'))).toEqual(['10:02-10:15 droplet:7 assigned fra1']);
    expect(correct(believed, did('reserve_ip', '10:02'), did('assign_ip', '10:05'))).toEqual([
      '10:02-10:05 free fra1',
      '10:05-10:15 droplet:7 assigned fra1',
    ]);
  });

  test('begins in the window in which it was first seen, not before', () => {
    expect(correct([since('10:30', address(null))], did('reserve_ip', '10:04'))).toEqual([]);
  });

  test('ends when it was released, and lives on where it is listed', () => {
    expect(
      correct([since('08:00', address(7), '10:15')], did('unassign_ip', '10:02'), did('release_ip', '10:03')),
    ).toEqual(['10:02-10:03 free fra1', '10:03-10:15 gone']);
    expect(correct([since('08:00', address(7))], did('release_ip', '10:03'))).toEqual([]);
  });

  test('of one instant, the listing tells what came first', () => {
    const believed = [since('08:00', address(null), '10:15'), since('10:15', address(7))];
    // Seen free at 10:00: it was assigned afterwards. Seen assigned at 10:15: it was assigned before.
    expect(correct(believed, did('assign_ip', '10:00'))).toEqual(['10:00-10:15 droplet:7 assigned fra1']);
    expect(correct(believed, did('assign_ip', '10:15'))).toEqual([]);
  });

  test('what is seen against the actions holds from then on', () => {
    expect(correct([since('08:00', address(7))], did('unassign_ip', '10:04'))).toEqual(['10:04-10:15 free fra1']);
  });

  test('is not about what nobody has heard of', () => {
    expect(correct([since('08:00', address(7))], did('constructor', '10:04'), did('lock_ip', '10:05'))).toEqual([]);
  });
});

describe('an image', () => {
  test('ends when it was destroyed', () => {
    const believed = [since('08:00', image('fra1'), '10:15')];
    const destroyed = [did('image_destroy', '10:04')];
    for (const kind of ['snapshot', 'droplet_backup', 'custom_image'])
      expect(shown(correctResource(kind, believed, quarters, destroyed))).toEqual(['10:04-10:15 gone']);
  });

  test('is in one region until it was transferred', () => {
    const believed = [since('08:00', image('fra1'), '10:15'), since('10:15', image(null))];
    expect(shown(correctResource('snapshot', believed, quarters, [did('transfer', '10:04')]))).toEqual([
      '10:04-10:15 10 everywhere',
    ]);
  });

  test('is a backup until it was converted, and a snapshot from then on', () => {
    const converted = [did('convert', '10:04')];
    expect(
      shown(correctResource('droplet_backup', [since('08:00', image('fra1'), '10:15')], quarters, converted)),
    ).toEqual(['10:04-10:15 gone']);
    // Its creation is the backup's: believed since then, also of listings that did not show it.
    const believed = [since('08:00', image('fra1'))];
    const correct = (firstSeen: string) =>
      shown(correctResource('snapshot', believed, quarters, converted, { firstSeen: at(firstSeen) }));
    expect(correct('10:15')).toEqual(['08:00-10:04 gone']);
    expect(correct('10:00')).toEqual([]);
  });
});

describe('actions on volumes, which do not say on which', () => {
  const suspect = (resourceId: number, ...believed: Believed[]): Suspect => ({
    resourceId,
    believed,
    sightings: quarters,
  });
  const done = (type: string, time: string, region: string | null = 'fra1'): Anonymous => ({
    ...did(type, time),
    region,
  });
  const attached = (id: number) => suspect(id, since('08:00', volume(null), '10:15'), since('10:15', volume(7)));
  const match = (suspects: readonly Suspect[], actions: readonly Anonymous[], gone: readonly string[] = []) =>
    Object.fromEntries(
      [...matchAnonymous('volume', suspects, actions, (droplet) => gone.includes(droplet))].map(([id, found]) => [
        id,
        found.map(({ type, completedAt }) => `${type} ${completedAt.toString().slice(11, 16)}`),
      ]),
    );

  test('date the only change that they explain', () => {
    const still = suspect(2, since('08:00', volume(8)));
    expect(match([attached(1), still], [done('attach_volume', '10:04')])).toEqual({ 1: ['attach_volume 10:04'] });
    const grown = suspect(3, since('08:00', volume(8), '10:15'), since('10:15', volume(8, 200)));
    expect(match([attached(1), grown], [done('attach_volume', '10:04'), done('resize', '10:05')])).toEqual({
      1: ['attach_volume 10:04'],
      3: ['resize 10:05'],
    });
  });

  test('date both halves of a move', () => {
    const moved = suspect(1, since('08:00', volume(7), '10:15'), since('10:15', volume(8)));
    const actions = [done('detach_volume', '10:04'), done('attach_volume', '10:06')];
    expect(match([moved], actions)).toEqual({ 1: ['detach_volume 10:04', 'attach_volume 10:06'] });
    expect(shown(correctResource('volume', moved.believed, quarters, actions))).toEqual([
      '10:04-10:06 100 fra1',
      '10:06-10:15 droplet:8 100 fra1',
    ]);
  });

  test('tell nothing where two changes, or two actions, could be meant', () => {
    expect(match([attached(1), attached(2)], [done('attach_volume', '10:04')])).toEqual({});
    expect(match([attached(1)], [done('attach_volume', '10:04'), done('attach_volume', '10:07')])).toEqual({});
  });

  test('tell nothing of another region, another window, or what was so at the first sight', () => {
    expect(match([attached(1)], [done('attach_volume', '10:04', 'ams3')])).toEqual({});
    expect(match([attached(1)], [done('attach_volume', '10:20')])).toEqual({});
    expect(match([attached(1)], [done('attach_volume', '10:00')])).toEqual({});
    expect(match([suspect(1, since('08:00', volume(7)))], [done('attach_volume', '09:00')])).toEqual({});
  });

  test('of an action without a region, any may be meant', () => {
    const abroad = suspect(
      2,
      since('08:00', { ...volume(null), region: 'ams3' }, '10:15'),
      since('10:15', { ...volume(8), region: 'ams3' }),
    );
    expect(match([attached(1)], [done('attach_volume', '10:04', null)])).toEqual({ 1: ['attach_volume 10:04'] });
    expect(match([attached(1), abroad], [done('attach_volume', '10:04', null)])).toEqual({});
  });

  test('what a droplet left behind as it ended was not detached by anybody', () => {
    const left = suspect(1, since('08:00', volume(7), '10:15'), since('10:15', volume(null)));
    expect(match([left], [done('detach_volume', '10:04')], ['droplet:7'])).toEqual({});
    expect(match([left], [done('detach_volume', '10:04')])).toEqual({ 1: ['detach_volume 10:04'] });
  });

  test('what was dated by one that is not the only one any more is dated by when it was seen', () => {
    const dated = [since('08:00', volume(null), '10:04'), since('10:04', volume(7))];
    const others = [done('attach_volume', '10:04'), done('attach_volume', '10:07')];
    expect(shown(correctResource('volume', dated, quarters, [], { others }))).toEqual(['10:04-10:15 100 fra1']);
  });
});
