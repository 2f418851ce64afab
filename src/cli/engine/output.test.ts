import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { fields, moment, openStatusLine, Output, plural, table } from './output.ts';

/** Two streams, and what has been written to them since it was last asked. */
function capture() {
  const said = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk);
        done();
      },
    });
  return {
    stdout: into('out'),
    stderr: into('err'),
    read() {
      const now = { ...said };
      Object.assign(said, { out: '', err: '' });
      return now;
    },
  };
}

const columns = [
  { header: 'name', value: (row: { name: string; hours: string | null }) => row.name },
  { header: 'hours', value: (row: { name: string; hours: string | null }) => row.hours, align: 'right' as const },
];

test('a table lines up, numbers to the right, wide characters counted as two', () => {
  const rows = [
    { name: 'acme', hours: '480' },
    { name: '深圳', hours: '0.5' },
    { name: 'none', hours: null },
  ];
  expect(table(rows, columns)).toBe('NAME  HOURS\nacme    480\n深圳    0.5\nnone      -');
});

test('on a terminal what does not fit a line goes on below, and numbers stay whole', () => {
  const rows = [
    { name: 'droplet, volume and everything that hangs on them', hours: '12345678901234567890' },
    { name: 'averyveryverylongnamewithoutspaces', hours: '1' },
  ];
  expect(table(rows, columns, 40)).toBe(
    [
      'NAME                               HOURS',
      'droplet, volume     12345678901234567890',
      'and everything',
      'that hangs on them',
      'averyveryverylongn                     1',
      'amewithoutspaces',
    ].join('\n'),
  );
  // No terminal is too narrow for it.
  expect(table(rows, columns, 1).split('\n')[0]).toBe('NAME                             HOURS');
  expect(table(rows, columns, Number.POSITIVE_INFINITY).split('\n')).toHaveLength(3);
});

test('fields line up', () => {
  expect(
    fields([
      ['slug', 'acme'],
      ['customer', null],
    ]),
  ).toBe('slug      acme\ncustomer  -');
});

const hostile = 'a\u001b[2Jb\u009bc\u007fd\u202ee\u200bf\u200eg\ufeffh';
const harmless = 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh';

test('whatever a command says of a name cannot steer the terminal', async () => {
  const streams = capture();
  const output = new Output({ json: false, ...streams });
  const named = [{ name: hostile, hours: '1' }];
  await output.text(`Connected ${hostile}.\nNext`);
  output.note(hostile);
  await output.list(named, columns, '');
  async function* pages() {
    yield named;
  }
  await output.pages(pages(), { columns, empty: '' });
  const row = `${'NAME'.padEnd(harmless.length)}  HOURS\n${harmless}      1\n`;
  expect(streams.read()).toEqual({ out: `Connected ${harmless}.\nNext\n${row}${row}`, err: `${harmless}\n` });
  expect(fields([['name', 'a\nb']])).toBe('name  a\ufffdb');
});

test('JSON keeps the name exactly, by escapes', async () => {
  const streams = capture();
  const output = new Output({ json: true, ...streams });
  async function* pages() {
    yield [{ name: hostile, hours: null }];
  }
  await output.value({ [hostile]: hostile });
  const one = streams.read().out;
  await output.pages(pages(), { columns, empty: '', extra: { note: hostile } });
  const many = streams.read().out;
  output.noteJson(JSON.stringify({ hostile }));
  const noted = streams.read().err;
  for (const said of [one, many, noted]) {
    expect(said.replaceAll('\n', '')).toMatch(/^[ -~]+$/);
    expect(said).toContain('\\u202e');
  }
  expect(JSON.parse(one)).toEqual({ [hostile]: hostile });
  expect(JSON.parse(many)).toEqual({ items: [{ name: hostile, hours: null }], nextCursor: null, note: hostile });
  expect(JSON.parse(noted)).toEqual({ hostile });
});

test('a document is byte for byte in a pipe, and cleaned on a terminal', async () => {
  const streams = capture();
  async function* document() {
    yield Buffer.from(`name\r\n${hostile}\r\n`).subarray(0, 40);
    yield Buffer.from(`name\r\n${hostile}\r\n`).subarray(40);
  }
  await new Output({ json: false, ...streams }).stream(document());
  const stdout = Object.assign(new Writable({ write: (chunk, _, done) => (shown.push(String(chunk)), done()) }), {
    isTTY: true,
  });
  const shown: string[] = [];
  await new Output({ json: false, stdout, stderr: streams.stderr }).stream(document());
  expect(shown.join('')).toBe(`name\n${harmless}\n`);
});

test('a live line is cleaned too', () => {
  const written: string[] = [];
  const stderr = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const line = openStatusLine(stderr as never, {});
  line.show(hostile);
  line.end();
  expect(written).toEqual([`\r\u001b[2K${harmless}`, '\n']);
});

test('a list is a table on stdout; an empty one says on stderr what to do next', async () => {
  const streams = capture();
  const output = new Output({ json: false, ...streams });
  await output.list([{ name: 'acme', hours: '1' }], columns, 'Nothing yet. Run: arcadia sync');
  expect(streams.read()).toEqual({ out: 'NAME  HOURS\nacme      1\n', err: '' });
  await output.list([], columns, 'Nothing yet. Run: arcadia sync');
  expect(streams.read()).toEqual({ out: '', err: 'Nothing yet. Run: arcadia sync\n' });
});

test('with --json a list is an array, an empty one too', async () => {
  const streams = capture();
  const output = new Output({ json: true, ...streams });
  await output.list([], columns, 'Nothing yet.');
  expect(streams.read()).toEqual({ out: '[]\n', err: '' });
  await output.list([{ name: 'acme', hours: '1' }], columns, 'Nothing yet.');
  expect(JSON.parse(streams.read().out)).toEqual([{ name: 'acme', hours: '1' }]);
});

test('a long list comes page by page, as one table or one object', async () => {
  async function* pages() {
    yield [{ name: 'acme', hours: '1' }];
    yield [];
    yield [{ name: 'b', hours: '480' }];
  }
  const options = { columns, empty: 'Nothing yet.', extra: { total: 2 } };
  const text = capture();
  await new Output({ json: false, ...text }).pages(pages(), options);
  expect(text.read()).toEqual({ out: 'NAME  HOURS\nacme      1\nb       480\n', err: '' });
  const json = capture();
  await new Output({ json: true, ...json }).pages(pages(), options);
  expect(JSON.parse(json.read().out)).toEqual({
    items: [
      { name: 'acme', hours: '1' },
      { name: 'b', hours: '480' },
    ],
    nextCursor: null,
    total: 2,
  });

  async function* none() {}
  await new Output({ json: false, ...text }).pages(none(), options);
  expect(text.read()).toEqual({ out: '', err: 'Nothing yet.\n' });
  await new Output({ json: true, ...json }).pages(none(), options);
  expect(JSON.parse(json.read().out)).toEqual({ items: [], nextCursor: null, total: 2 });
});

test('counts and moments as a person reads them', () => {
  expect(plural(1, 'day')).toBe('1 day');
  expect(plural(12345, 'day')).toBe('12,345 days');
  expect(moment(Temporal.Instant.from('2026-05-01T06:00:00.123456Z'))).toBe('2026-05-01 06:00:00Z');
  expect(moment(null)).toBeNull();
});
