import { expect, test } from 'vitest';
import { createLog, redactText } from './log.ts';

function capture(format: 'auto' | 'json' | 'pretty', isTTY = false) {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { log: createLog({ level: 'debug', format, stream, runId: 'run-1' }), written };
}

test('each line is one JSON object with its level, time and run', () => {
  const { log, written } = capture('auto');
  log.info({ account: 'main' }, 'synced');
  log.child({ job: 7 }).warn('slow');
  log.trace('too fine');
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), run_id: 'run-1', account: 'main', msg: 'synced' },
    { level: 'warn', time: expect.any(String), run_id: 'run-1', job: 7, msg: 'slow' },
  ]);
});

test('no secret reaches the log, by name of field or look of text, however deep', () => {
  const { log, written } = capture('json');
  log.error(
    {
      token: 's3cret',
      config: {
        digitaloceanToken: 's3cret',
        spacesSecretAccessKey: 's3cret',
        databaseUrl: 'postgres://a:s3cret@h/d',
        port: 4000,
      },
      request: { headers: { Authorization: 'Bearer s3cret', accept: '*/*' }, list: [{ password: 's3cret' }] },
      err: new Error('connect to postgres://arcadia:s3cret@127.0.0.1:5/x failed'),
    },
    'used dop_v1_s3cret and Bearer s3cret',
  );
  const text = written.join('');
  expect(text).not.toContain('s3cret');
  expect(JSON.parse(text)).toMatchObject({ config: { port: 4000 }, request: { headers: { accept: '*/*' } } });
  expect(text).toContain('postgres://arcadia:[redacted]@127.0.0.1:5/x failed');
});

test('pretty is for a terminal: text there, JSON elsewhere', () => {
  const onTerminal = capture('auto', true);
  onTerminal.log.info({ seen: 3 }, 'synced');
  expect(onTerminal.written[0]).toMatch(/^\d\d:\d\d:\d\d .*info.* synced seen=3\n$/);
  const elsewhere = capture('auto', false);
  elsewhere.log.info('synced');
  expect(() => JSON.parse(elsewhere.written[0] as string)).not.toThrow();
});

test('a text without secrets stays as it is', () => {
  expect(redactText('see https://example.com/a:b and postgres://host/db')).toBe(
    'see https://example.com/a:b and postgres://host/db',
  );
});

test('what is logged of a name cannot steer the terminal, and JSON keeps it exactly', () => {
  const name = 'a\u001b[2J\u009b\u202e\u200bb';
  const { log, written } = capture('pretty');
  log.info({ name, account: { name } }, `synced ${name}`);
  log.error({ err: new Error(name) }, 'failed');
  expect(written.join('').replaceAll('\n', '')).toMatch(/^[ -~\ufffd]+$/);
  const json = capture('json');
  json.log.info({ name }, 'synced');
  expect(json.written[0]).toMatch(/^[ -~]+\n$/);
  expect(JSON.parse(json.written[0] as string)).toMatchObject({ name });
});
