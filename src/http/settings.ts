import { isIP } from 'node:net';
import { z } from 'zod';
import { declareSettings, list, matching, safeUrl } from '../platform/declare/settings.ts';

interface HttpSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** 0: any free one. null: the usual one, where it is free. */
  readonly metricsPort: number | 'off' | null;
  readonly metricsHost: string;
  /** How long a process goes on answering once it was asked to stop, not ready; null: none on loopback, else 3. */
  readonly stopDelaySeconds: number | null;
  /** Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed. Empty: nobody's. */
  readonly trustedProxies: readonly string[];
  /** Of one token's subject, in each process of the API. */
  readonly requestsPerMinute: number;
  /** Where people sign in, who come back with a token behind #; null: nowhere. */
  readonly signInUrl: string | null;
}

function isAddressRange(text: string): boolean {
  const [address = '', bits = '0', ...rest] = text.split('/');
  const version = isIP(address);
  return version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

export const httpSettings = declareSettings<HttpSettings>({
  host: {
    env: 'ARCADIA_HOST',
    purpose: 'the address to listen on',
    allowed: 'a host name or address to listen on',
    schema: matching(/^[\w.:[\]-]+$/),
    fallback: () => '127.0.0.1',
  },
  port: {
    env: 'ARCADIA_PORT',
    purpose: 'the port of the API',
    allowed: 'a whole number from 0 to 65535; 0 takes any free port',
    schema: matching(/^\d{1,5}$/)
      .transform(Number)
      .refine((port) => port <= 65535),
    fallback: () => 4000,
  },
  metricsPort: {
    env: 'ARCADIA_METRICS_PORT',
    purpose: 'the port of metrics and health',
    usually: '9464, where it is free',
    allowed: 'a whole number from 0 to 65535, or off; 0 takes any free port',
    schema: z.union([
      z.literal('off'),
      matching(/^\d{1,5}$/)
        .transform(Number)
        .refine((port) => port <= 65535),
    ]),
    fallback: () => null,
  },
  metricsHost: {
    env: 'ARCADIA_METRICS_HOST',
    purpose: 'the address of that port',
    allowed: 'a host name or address to listen on',
    schema: matching(/^[\w.:[\]-]+$/),
    fallback: () => '127.0.0.1',
  },
  stopDelaySeconds: {
    env: 'ARCADIA_STOP_DELAY_SECONDS',
    purpose: 'how long a process goes on answering once it was asked to stop',
    usually: '0 on loopback, else 3',
    allowed: 'a whole number from 0 to 300',
    schema: matching(/^\d{1,3}$/)
      .transform(Number)
      .refine((seconds) => seconds <= 300),
    fallback: () => null,
  },
  trustedProxies: {
    env: 'ARCADIA_TRUSTED_PROXIES',
    purpose: 'proxies whose X-Forwarded-For is believed',
    usually: 'none',
    allowed: 'IP addresses or ranges such as 10.0.0.0/8, separated by commas',
    schema: list.refine((proxies) => proxies.every(isAddressRange)),
    fallback: () => [],
  },
  requestsPerMinute: {
    env: 'ARCADIA_REQUESTS_PER_MINUTE',
    purpose: 'requests that one caller may send in a minute',
    allowed: 'a whole number from 1 to 10000000',
    schema: matching(/^\d{1,8}$/)
      .transform(Number)
      .refine((count) => count >= 1 && count <= 10_000_000),
    fallback: () => 1_200,
  },
  signInUrl: {
    env: 'ARCADIA_SIGN_IN_URL',
    purpose: 'where people sign in',
    usually: 'none',
    allowed: 'an https:// address (http:// only on this machine)',
    schema: safeUrl,
    fallback: () => null,
  },
});
