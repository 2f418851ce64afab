import { setTimeout as sleep } from 'node:timers/promises';
import type { Who } from './business.ts';

// Who has done nothing to anybody: asks a few times a second, one thing after the other, as a member of staff and as a
// customer, and creates customers.

const pauseMs = 150;

const operator: Who = { role: 'operator', subject: 'honest operator' };
const customer: Who = { role: 'customer', customer: 'alpha', subject: 'honest user' };

export class HonestCaller {
  readonly #url: string;
  readonly #tokenOf: (who: Who) => Promise<string>;
  readonly #tookMs: number[] = [];
  readonly #lost: string[] = [];
  readonly #created: string[] = [];

  constructor(url: string, tokenOf: (who: Who) => Promise<string>) {
    this.#url = url;
    this.#tokenOf = tokenOf;
  }

  /** Asks each thing once, before anything is measured: a server that has just started compiles what it runs. */
  async warmUp(): Promise<void> {
    await this.work(1);
    this.#tookMs.length = 0;
  }

  /** Asks over and over, for so long. */
  async work(forMs: number): Promise<void> {
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      const turn = this.#created.length;
      const name = `honest-${turn}`;
      const body = JSON.stringify({ customer: name, name: `Honest ${turn}`, currency: 'USD' });
      if (await this.#ask(operator, 'POST', '/customers', 201, body)) this.#created.push(name);
      await this.#ask(operator, 'GET', '/customers?limit=20', 200);
      await this.#ask(customer, 'GET', '/deployments', 200);
      await this.#ask(customer, 'GET', '/invoices', 200);
      await this.#ask(operator, 'GET', '/rules', 200);
    }
  }

  /** Whether all that was answered as created is there. */
  async lookAgain(): Promise<void> {
    const there = new Set<string>();
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const response = await this.#fetch(operator, 'GET', `/customers?limit=500${query}`);
      const page = (await response.json()) as { items: { customer: string }[]; nextCursor: string | null };
      for (const item of page.items) there.add(item.customer);
      cursor = page.nextCursor;
    }
    for (const name of this.#created) if (!there.has(name)) this.#lost.push(`${name} is not there`);
  }

  figures() {
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    const at = (share: number) =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return { count: sorted.length, lost: this.#lost, p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1) };
  }

  async #ask(who: Who, method: string, path: string, wanted: number, body?: string): Promise<boolean> {
    const begun = performance.now();
    let outcome: string;
    try {
      const response = await this.#fetch(who, method, path, body);
      const { code = '', detail = '' } = (await response.json()) as { code?: string; detail?: string };
      outcome = `${response.status} ${code} ${detail}`.trim();
    } catch (error) {
      outcome = String((error as Error).cause ?? error);
    }
    this.#tookMs.push(performance.now() - begun);
    if (outcome !== String(wanted)) this.#lost.push(`${method} ${path}: ${outcome}`);
    await sleep(pauseMs);
    return outcome === String(wanted);
  }

  async #fetch(who: Who, method: string, path: string, body?: string): Promise<Response> {
    const headers = { authorization: `Bearer ${await this.#tokenOf(who)}`, 'content-type': 'application/json' };
    return fetch(`${this.#url}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  }
}
