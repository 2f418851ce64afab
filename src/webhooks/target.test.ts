import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { networkOf, reachable } from './networks.ts';
import { addressesOf, parseTarget } from './target.ts';

const publicOnly = reachable([]);

/** What a URL says by itself is refused, with the reason. */
const refused: readonly (readonly [url: string, because: RegExp])[] = [
  // The five forms of one address, each of which connected in a naive sender.
  ['https://127.0.0.1/', /127\.0\.0\.1 is not public/],
  ['https://0x7f000001/', /127\.0\.0\.1 is not public/],
  ['https://2130706433/', /127\.0\.0\.1 is not public/],
  ['https://0177.0.0.1/', /127\.0\.0\.1 is not public/],
  ['https://[::ffff:127.0.0.1]/', /::ffff:7f00:1 is not public/],
  ['https://127.1/', /127\.0\.0\.1 is not public/],
  ['https://0/', /0\.0\.0\.0 is not public/],
  ['https://１２７.0.0.1/', /127\.0\.0\.1 is not public/],
  ['https://[::1]/', /::1 is not public/],
  ['https://[::]/', /:: is not public/],
  ['https://[::127.0.0.1]/', /is not public/],
  ['https://[64:ff9b::7f00:1]/', /64:ff9b::7f00:1 is not public/],
  ['https://[2002:7f00:1::]/', /is not public/],
  ['https://[fd00::1]/', /is not public/],
  ['https://[fe80::1]/', /is not public/],
  ['https://[::ffff:8.8.8.8]/', /is not public/],
  ['https://169.254.169.254/latest/meta-data/', /is not public/],
  ['https://10.0.0.8/', /is not public/],
  ['https://172.16.0.1/', /is not public/],
  ['https://192.168.1.1/', /is not public/],
  ['https://100.64.0.1/', /is not public/],
  ['https://255.255.255.255/', /is not public/],
  ['http://93.184.216.34/', /not https/],
  ['http://example.com/', /not https/],
  ['https://user:secret@example.com/', /user name/],
  ['https://example.com:0/', /port 0/],
  ['ftp://example.com/', /no https/],
  ['file:///etc/passwd', /no https/],
  ['example.com', /no URL/],
];

describe('what is no address of the public internet', () => {
  test.each(refused)('%s', (url, because) => {
    expect(() => parseTarget(url, publicOnly)).toThrow(because);
  });

  test('and what is one', () => {
    for (const url of [
      'https://example.com/hook',
      'https://93.184.216.34:8443/',
      'https://[2606:2800:220:1::1]/',
      'https://172.32.0.1/',
    ])
      expect(parseTarget(url, publicOnly).href).toBe(url);
  });
});

const resolvingTo =
  (...addresses: readonly string[]) =>
  async (): Promise<LookupAddress[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('what a name resolves to', () => {
  const url = new URL('https://example.com/');

  test.each([
    [['127.0.0.1']],
    [['10.1.2.3']],
    [['::1']],
    [['::ffff:169.254.169.254']],
    [['fe80::1%eth0']],
    // One is public: which one a connection would take is not known.
    [['93.184.216.34', '10.0.0.1']],
    [['2606:2800:220:1::1', 'fd00::1']],
  ])('%j is refused', async (addresses) => {
    await expect(addressesOf(url, publicOnly, resolvingTo(...addresses))).rejects.toThrow(/which is not public/);
  });

  test('no address is refused, and public ones are handed on as they were checked', async () => {
    await expect(addressesOf(url, publicOnly, resolvingTo())).rejects.toThrow(/has no address/);
    expect(await addressesOf(url, publicOnly, resolvingTo('93.184.216.34', '2606:2800:220:1::1'))).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:2800:220:1::1', family: 6 },
    ]);
  });
});

describe('networks of this installation', () => {
  test('are allowed by the setting, and nothing beside them', () => {
    const own = reachable(['10.20.0.0/16', 'fd00:1::/32', '127.0.0.1']);
    expect(['10.20.3.4', 'fd00:1::7', '127.0.0.1', '93.184.216.34'].map((each) => own.allows(each))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(
      ['10.21.0.1', 'fd00:2::7', '127.0.0.2', '169.254.169.254', '::ffff:10.20.3.4', 'x'].some((each) =>
        own.allows(each),
      ),
    ).toBe(false);
  });

  test('plain http goes to this machine alone, where it is allowed', () => {
    const own = reachable(['127.0.0.1', '10.20.0.0/16']);
    expect(parseTarget('http://127.0.0.1:8080/', own).port).toBe('8080');
    for (const url of ['http://127.0.0.2/', 'http://10.20.0.1/', 'http://localhost/'])
      expect(() => parseTarget(url, own)).toThrow(/not public|not https/);
    expect(parseTarget('https://10.20.0.1/', own).hostname).toBe('10.20.0.1');
  });

  test('never reach where clouds keep their credentials', () => {
    for (const text of [
      '169.254.0.0/16',
      '169.254.169.254',
      'fe80::/10',
      'fe80::1/64',
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      'x',
    ])
      expect([text, networkOf(text)]).toEqual([text, null]);
    const wide = reachable(['168.0.0.0/8', '169.0.0.0/8', 'fe00::/8']);
    for (const address of ['169.254.169.254', 'fe80::1'])
      expect([address, wide.allows(address)]).toEqual([address, false]);
  });
});
