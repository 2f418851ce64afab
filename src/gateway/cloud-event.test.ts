import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArcadiaError } from '../platform/errors.ts';
import { faultsAt, readEvents, readMoment, type SentBody } from './cloud-event.ts';

const sound = {
  specversion: '1.0',
  id: 'e1',
  source: '/gateways/1',
  type: 'request',
  time: '2026-05-03T10:00:00Z',
};
const structured = { 'content-type': 'application/cloudevents+json' };
const read = (event: unknown, headers: Record<string, string> = structured): SentBody =>
  readEvents(headers, Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)));

test('whatever is sent is read or refused, and never fails otherwise', () => {
  const types = fc.constantFrom(
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'application/json',
    'text/plain',
    'application/cloudevents+avro',
    ';',
    '',
  );
  const nearly = fc.record(
    {
      specversion: fc.constantFrom('1.0', 1, null),
      id: fc.oneof(fc.string(), fc.jsonValue()),
      source: fc.oneof(fc.string(), fc.jsonValue()),
      type: fc.oneof(fc.string(), fc.jsonValue()),
      subject: fc.oneof(fc.string(), fc.jsonValue()),
      time: fc.oneof(fc.string(), fc.date({ noInvalidDate: true }).map(String), fc.jsonValue()),
      data: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    nearly.map((event) => Buffer.from(JSON.stringify(event))),
    fc.array(nearly, { maxLength: 3 }).map((events) => Buffer.from(JSON.stringify(events))),
  );
  const names = fc.constantFrom('ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time', 'ce-subject');
  const headers = fc.dictionary(
    names,
    fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.constantFrom('"a%20b"', '%zz', '%ff', '1.0')),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(types, headers, bodies, (type, others, body) => {
      try {
        const { events } = readEvents({ ...others, 'content-type': type }, body);
        for (const { id, digest, fault, time } of events) {
          expect(id.length).toBeGreaterThan(0);
          expect(digest).toMatch(/^[0-9a-f]{64}$/);
          if (fault === null) expect(time).not.toBeNull();
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ArcadiaError);
        expect((error as ArcadiaError).status).toBeLessThan(500);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('an event is the same in whatever order and mode it is written', () => {
  const [one] = read({ ...sound, data: { a: 1, b: [2] }, datacontenttype: 'application/json', subject: 'ü' }).events;
  const [other] = read(
    '{"subject":"\\u00fc","datacontenttype":"application/json","data":{"b":[2],"a":1},"time":"2026-05-03T10:00:00Z","type":"request","source":"/gateways/1","id":"e1","specversion":"1.0"}',
  ).events;
  const [binary] = readEvents(
    {
      'content-type': 'application/json; charset=utf-8',
      'ce-specversion': '1.0',
      'ce-id': '"e\\1"',
      'ce-source': '/gateways/1',
      'ce-type': 'request',
      'ce-subject': '%C3%BC',
      'ce-time': '2026-05-03T10:00:00Z',
    },
    Buffer.from('{"b":[2], "a":1}'),
  ).events;
  expect(other?.digest).toBe(one?.digest);
  expect(binary?.digest).toBe(one?.digest);
  expect(read({ ...sound, data: { a: 1, b: [3] } }).events[0]?.digest).not.toBe(one?.digest);
});

test('the data is kept as it was written', () => {
  const [event] = read(
    '{"specversion":"1.0","id":"e1","source":"s","type":"t","time":"2026-05-03T10:00:00Z","data":{ "n": 1.10 }}',
  ).events;
  expect(event?.data).toBe('{ "n": 1.10 }');
});

test('a moment has a date, a time and an offset, and is kept to the microsecond', () => {
  expect(readMoment('2026-05-03T12:00:00.123456789+02:00')?.toString()).toBe('2026-05-03T10:00:00.123456Z');
  expect(readMoment('2026-05-03t10:00:00.1234567890123z')?.toString()).toBe('2026-05-03T10:00:00.123456Z');
  for (const text of [
    '1746266400',
    '2026-05-03T10:00:00',
    '2026-05-03',
    '2026-13-03T10:00:00Z',
    '1970-01-01T00:00:00Z',
    '2026-05-03T10:00:00Z[UTC]',
    '',
  ])
    expect(readMoment(text)).toBeNull();
});

test('what comes too late or too early is told by the limits of its source', () => {
  const limits = { pastLimitHours: 840, futureLimitSeconds: 300 };
  const at = Temporal.Instant.from('2026-06-07T10:00:00Z');
  const fault = (time: string) => {
    const [event] = read({ ...sound, time }).events;
    return event === undefined ? 'none' : faultsAt(at, limits)(event);
  };
  expect(fault('2026-05-03T10:00:00Z')).toBeNull();
  expect(fault('2026-05-03T09:59:59.999999Z')).toBe('too_old');
  expect(fault('2026-06-07T10:05:00Z')).toBeNull();
  expect(fault('2026-06-07T10:05:00.000001Z')).toBe('in_future');
});
