import rhea, { type Message } from 'rhea';
import { expect, test } from 'vitest';
import { sentIn } from './amqp.ts';
import { readEvents } from './cloud-event.ts';

const data = (text: string | string[]) =>
  Array.isArray(text)
    ? rhea.message.data_sections(text.map((part) => Buffer.from(part)))
    : rhea.message.data_section(Buffer.from(text));

/** As it is after it has been on the way. */
const sent = (message: Partial<Message>) => sentIn(rhea.message.decode(rhea.message.encode(message)) as never);

test('attributes are application properties, by either prefix and of any type', () => {
  const application_properties = {
    'cloudEvents:specversion': '1.0',
    cloudEvents_id: 'a%20 ü"',
    'cloudEvents:source': '/gateways/1',
    'cloudEvents:type': 'request',
    'cloudEvents:time': rhea.types.wrap_timestamp(1_777_802_400_000),
    'cloudEvents:sequence': 7,
    'cloudEvents:sampled': true,
    'cloudEvents:place': rhea.types.wrap_ulong(Buffer.from('0040000000000001', 'hex')),
    'cloudEvents:subject': null,
    other: 'x',
  };
  const { headers, body } = sent({
    content_type: 'application/json',
    application_properties,
    body: data('{"requests": 1}'),
  });
  expect(Object.keys(headers)).not.toContain('other');
  const { single, events } = readEvents(headers, body);
  expect(single).toBe(true);
  expect(events).toMatchObject([{ id: 'a%20 ü"', origin: '/gateways/1', type: 'request', fault: null }]);
  expect(events[0]?.time?.toString()).toBe('2026-05-03T10:00:00Z');
  expect(JSON.parse(events[0]?.attributes ?? '')).toEqual({
    datacontenttype: 'application/json',
    sequence: '7',
    sampled: 'true',
    place: '18014398509481985',
  });
  expect(events[0]?.subject).toBeNull();
});

test('a body is one section of data or several, or a text', () => {
  const bodies = [data('{"a": 1}'), data(['{"a"', ': 1}']), '{"a": 1}'];
  for (const body of bodies) expect(Buffer.from(sent({ body }).body).toString()).toBe('{"a": 1}');
  for (const body of [undefined, null, 5, { a: 1 }]) expect(sent({ body }).body).toHaveLength(0);
});
