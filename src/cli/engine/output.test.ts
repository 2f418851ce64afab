import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { fields, moment, Output, plural, printable, table } from './output.ts';

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

test('fields line up', () => {
  expect(
    fields([
      ['slug', 'acme'],
      ['customer', null],
    ]),
  ).toBe('slug      acme\ncustomer  -');
});

test('a name cannot steer the terminal', () => {
  expect(printable('a\u001b[2Jb\nc\u202ed')).toBe('a\ufffd[2Jb\ufffdc\ufffdd');
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
