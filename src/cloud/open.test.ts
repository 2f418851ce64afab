import { expect, test } from 'vitest';
import { openProvider, parseSimulatorAddress } from './open.ts';

const fleets = ['pilot', 'agency'] as const;

test("a built-in fleet's address", () => {
  expect(parseSimulatorAddress('simulator:agency?seed=7&resources=100', fleets)).toEqual({
    fleet: 'agency',
    seed: 7,
    resources: 100,
  });
  expect(parseSimulatorAddress('simulator:pilot', fleets)).toEqual({ fleet: 'pilot', seed: 1 });
  for (const wrong of ['simulator:', 'simulator:nobody', 'simulator:pilot?seed=x', 'simulator:pilot?resources=-1']) {
    expect(() => parseSimulatorAddress(wrong, fleets)).toThrow('names no built-in fleet');
  }
});

test('an unknown provider and an address that is none are told', async () => {
  const credentials = { token: 't' };
  await expect(openProvider('hetzner', { apiUrl: 'https://x.example', credentials })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
  await expect(openProvider('digitalocean', { apiUrl: 'api.digitalocean.com', credentials })).rejects.toMatchObject({
    code: 'invalid_config',
  });
  await expect(openProvider('digitalocean', { apiUrl: 'simulator:nobody', credentials })).rejects.toMatchObject({
    code: 'invalid_config',
  });
});

test('a built-in simulator stands where it is told to, has its own Spaces, and ends with the provider', async () => {
  const simulatedAt = Temporal.Instant.from('2026-05-03T12:00:00Z');
  let address = '';
  const provider = await openProvider('digitalocean', {
    apiUrl: 'simulator:pilot?seed=1',
    credentials: { token: 't', spaces: { accessKeyId: 'k', secretAccessKey: 's', regions: ['fra1'] } },
    simulatedAt,
  });
  expect((await provider.identify()).simulatedAt).toEqual(simulatedAt);
  // It is moved on to where its database stands, and never back.
  provider.standAt(simulatedAt.add({ hours: 6 }));
  provider.standAt(simulatedAt);
  expect((await provider.identify()).simulatedAt).toEqual(simulatedAt.add({ hours: 6 }));
  expect(provider.kinds).toContain('spaces_bucket');
  for await (const event of provider.list('spaces_bucket')) {
    if (event.type === 'end') expect(event.end.outcome).toBe('complete');
  }
  expect(provider.requests).toBeGreaterThan(1);
  await provider.close();
  await expect(provider.identify()).rejects.toSatisfy((error: Error) => {
    address = /http:\/\/127\.0\.0\.1:\d+/.exec(error.message)?.[0] ?? '';
    return (error as Error & { code: string }).code === 'provider_unreachable';
  });
  expect(address).not.toBe('');
});
