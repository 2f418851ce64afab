import type {
  BillFileForm,
  BillHeader,
  BillingEntry,
  BillingSource,
  BillList,
  BillPage,
  InsightRow,
  ProviderBalance,
} from '../billing-source.ts';
import { type Endpoint, endpoints, insightsOf, invoiceItems } from './endpoints.ts';
import { explainFailure } from './explain-failure.ts';
import { readBalance, readDataPoint, readEntry, readInvoice, readItem, readPreview } from './kinds/billing.ts';
import { field, openLink, openPage, perPage as mostPerPage, type Read } from './paginate.ts';
import { type Answer, type Query, type Requester, RequestFailure } from './request.ts';

// Lists about money have no ids: they are read by page and place, and nothing is taken for a repetition. That nothing
// moved meanwhile is known from the provider's own count, which must be the same on every page and be what was read.

/** So often a list is read from its beginning before it counts as not readable. */
const passesMax = 3;
/** 400,000 entries. */
const pagesMax = 2_000;

const files: Readonly<Record<BillFileForm, string>> = { csv: 'text/csv', pdf: 'application/pdf' };

/** DigitalOcean's bills, balance and Insights. */
export class DigitalOceanBilling implements BillingSource {
  readonly scope = endpoints.balance.scope;
  readonly insightDaysMax = 31;
  readonly insightsSince = Temporal.PlainDate.from('2025-12-01');
  readonly #requester: Requester;
  readonly #apiUrl: string;

  constructor(requester: Requester, apiUrl: string) {
    this.#requester = requester;
    this.#apiUrl = apiUrl;
  }

  balance(signal?: AbortSignal): Promise<ProviderBalance | null> {
    const { path } = endpoints.balance;
    const decimals = ['month_to_date_balance', 'account_balance', 'month_to_date_usage'];
    return this.#orNull(async () => {
      const { body } = await this.#requester.get(path, {}, signal, undefined, decimals);
      return understood(readBalance(body), path, 'the balance');
    });
  }

  history(signal?: AbortSignal): Promise<readonly BillingEntry[]> {
    return this.#explained(async () => {
      const { items } = await this.#readAll(endpoints.billingHistory, readEntry, signal);
      return items;
    });
  }

  bills(signal?: AbortSignal): Promise<BillList> {
    return this.#explained(async () => {
      const { items, first } = await this.#readAll(endpoints.invoices, readInvoice, signal);
      const shown = field(first.body, 'invoice_preview');
      const { path } = endpoints.invoices;
      const preview = shown == null ? null : understood(readPreview(shown), path, 'invoice_preview');
      const byId = new Map(items.map((bill): [string, BillHeader] => [bill.externalId, bill]));
      if (byId.size === items.length) return { bills: items, preview };
      throw new RequestFailure('count_mismatch', `GET ${path}: an invoice is listed twice`);
    });
  }

  billPage(
    externalId: string,
    { page, perPage }: { readonly page: number; readonly perPage: number },
    signal?: AbortSignal,
  ): Promise<BillPage | null> {
    const endpoint = invoiceItems(externalId);
    return this.#orNull(async () => {
      const query = { page: String(page), per_page: String(perPage) };
      const answer = await this.#requester.get(endpoint.path, query, signal, undefined, endpoint.decimals);
      const { items, total, next } = openPage(answer, endpoint);
      return {
        body: answer.text,
        items: items.map((raw, at) => understood(readItem(raw), endpoint.path, `item ${at + 1} of page ${page}`)),
        total,
        isLast: next === null || items.length === 0,
      };
    });
  }

  billSummary(externalId: string, signal?: AbortSignal): Promise<string | null> {
    return this.#orNull(async () => {
      const { text } = await this.#requester.get(`${invoiceItems(externalId).path}/summary`, {}, signal);
      return text;
    });
  }

  billFile(externalId: string, form: BillFileForm, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = `${invoiceItems(externalId).path}/${form}`;
    return this.#orNull(() => this.#requester.getFile(path, files[form], signal));
  }

  insights(
    urn: string,
    from: Temporal.PlainDate,
    to: Temporal.PlainDate,
    signal?: AbortSignal,
  ): Promise<readonly InsightRow[]> {
    return this.#explained(async () => {
      const { items } = await this.#readAll(insightsOf(urn, from, to), readDataPoint, signal);
      return items;
    });
  }

  /** A list by page and place, from its beginning again where its count changes or is not what was read. */
  async #readAll<T>(
    endpoint: Endpoint,
    read: (raw: unknown) => Read<T>,
    signal?: AbortSignal,
  ): Promise<{ readonly items: readonly T[]; readonly first: Answer }> {
    let mismatch = '';
    for (let pass = 0; pass < passesMax; pass += 1) {
      const { items, first, totals } = await this.#readPass(endpoint, read, signal);
      if ([...totals].every((total) => total === items.length)) return { items, first };
      mismatch = `${items.length} items read, the provider counts ${[...totals].join(', then ')}`;
    }
    throw new RequestFailure('count_mismatch', `GET ${endpoint.path}: ${mismatch}`);
  }

  async #readPass<T>(endpoint: Endpoint, read: (raw: unknown) => Read<T>, signal?: AbortSignal) {
    const { path, decimals } = endpoint;
    let query: Query = endpoint.unpaged ? {} : { page: '1', per_page: String(mostPerPage) };
    const items: T[] = [];
    const totals = new Set<number>();
    let first: Answer | null = null;
    for (let page = 1; page <= pagesMax; page += 1) {
      const answer = await this.#requester.get(path, query, signal, undefined, decimals);
      first ??= answer;
      const opened = openPage(answer, endpoint);
      for (const [at, raw] of opened.items.entries())
        items.push(understood(read(raw), path, `item ${at + 1} of page ${page}`));
      const total = opened.total ?? field(answer.body, 'total_items');
      if (typeof total === 'number') totals.add(total);
      const next = nextQuery(answer, opened.next, { path, query, origin: this.#requester.origin, page });
      if (next === null || opened.items.length === 0) return { items, totals, first };
      query = next;
    }
    throw new RequestFailure('malformed', `GET ${path}: more than ${pagesMax} pages`);
  }

  /** null: there is no such thing. */
  #orNull<T>(work: () => Promise<T>): Promise<T | null> {
    return this.#explained(async () => {
      try {
        return await work();
      } catch (error) {
        if (error instanceof RequestFailure && error.status === 404) return null;
        throw error;
      }
    });
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainFailure(error, this.#apiUrl, this.scope);
    }
  }
}

/** What asks for the next page; null: there is none. Insights count their pages, other lists link to the next. */
function nextQuery(
  answer: Answer,
  link: string | null,
  { path, query, origin, page }: { path: string; query: Query; origin: string; page: number },
): Query | null {
  const pages = field(answer.body, 'total_pages');
  if (typeof pages === 'number') return page < pages ? { ...query, page: String(page + 1) } : null;
  return link === null ? null : { ...query, ...Object.fromEntries(openLink(link, path, origin)) };
}

/** Money that is not understood is not left out. */
function understood<T>(read: Read<T>, path: string, what: string): T {
  if (read.ok) return read.item;
  throw new RequestFailure('malformed', `GET ${path}: ${what}: ${read.fault}`);
}
