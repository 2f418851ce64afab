import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chargeModels } from '../../pricing/rating/models.ts';
import { modelsHelp } from './rate.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

async function rate(input: string, ...options: string[]) {
  const child = spawn(process.execPath, [main, 'rate', ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, exitCode: await ended };
}

describe.each(Object.entries(chargeModels))('--help tells of %s', (name, model) => {
  it('its sentence and every property', () => {
    const [, own = ''] = modelsHelp.split(new RegExp(`^  ${name} +`, 'm'));
    const paragraph = own.split(/\n {2}\S/)[0] ?? '';
    const schema = z.toJSONSchema(model.properties, { io: 'input' }) as {
      properties: Record<string, { items?: { properties: object } }>;
    };
    const properties = Object.entries(schema.properties).flatMap(([property, { items }]) => [
      property,
      ...Object.keys(items?.properties ?? {}),
    ]);
    for (const property of properties) expect(paragraph).toMatch(new RegExp(`\\b${property}\\b`));
    expect(paragraph.length).toBeGreaterThan(20);
  });
});

describe('arcadia rate', () => {
  it('answers each line in order, a bad one by its number, and loses none', async () => {
    const good = (units: string) => `{"model":"standard","properties":{"unitPrice":"0.04"},"units":${units}}`;
    const lines = [
      good('"100"'),
      '',
      'no json',
      good('"-1"'),
      good('0.100000000000000001'),
      '{"model":"cheap","units":"1"}',
      good('"25"'),
    ];
    // Without an end of line after the last.
    const { stdout, stderr, exitCode } = await rate(lines.join('\n'), '--json');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { amount: '4', tiers: [] },
      { amount: '0.00400000000000000004', tiers: [] },
      { amount: '1', tiers: [] },
    ]);
    const problems = stderr
      .split('\n')
      .filter((line) => line.startsWith('{"line"'))
      .map((line) => JSON.parse(line));
    expect(problems.map(({ line }) => line)).toEqual([3, 4, 6]);
    expect(problems[1]).toEqual({ line: 4, problems: [{ path: 'units', reason: 'must not be negative (-1)' }] });
    expect(exitCode).toBe(1);
  });

  it('ends with 0 where all is good, and prints amounts alone without --json', async () => {
    const line = '{"model":"package","properties":{"packageSize":"10","packagePrice":"7"},"units":"10.000000001"}\n';
    expect(await rate(line.repeat(3))).toEqual({ stdout: '14\n14\n14\n', stderr: '', exitCode: 0 });
  });

  it('loses nothing where its reader comes late, and is slow', async () => {
    const child = spawn(process.execPath, [main, 'rate', '--json'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const lines = 200_000;
    const line = '{"model":"standard","properties":{"unitPrice":"0.04"},"units":"1"}\n';
    child.stdin.end(line.repeat(lines));
    let received = 0;
    for await (const part of child.stdout.setEncoding('utf8')) {
      received += (part as string).split('\n').length - 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([received, await ended]).toEqual([lines, 0]);
  });
});
