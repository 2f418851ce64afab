/**
 * The BillingSource port: what the provider charges, as it says so itself. Reads only, and keeps nothing.
 *
 * Amounts and durations are the decimals that the provider wrote, as text. Whatever is asked throws ArcadiaError
 * provider_unauthorized, provider_forbidden (the scope is named), provider_rate_limited, provider_unreachable,
 * provider_failed (also for what could not be understood, or changed again and again while it was read), clock_behind
 * and cancelled.
 */

/** What is owed, at one moment of the provider's. */
export interface ProviderBalance {
  readonly generatedAt: Temporal.Instant;
  /** Owed of the past; negative: a credit. */
  readonly accountBalance: string;
  /** Used in the running month so far. */
  readonly monthToDateUsage: string;
  /** Both together. */
  readonly monthToDateBalance: string;
}

/** An entry of the billing history. It has no id, and equal entries are legal. */
export interface BillingEntry {
  readonly at: Temporal.Instant;
  /** The provider's own word: Invoice, Payment, Credit, Refund, ...; unknown words are kept. */
  readonly type: string;
  /** By how much what is owed grows. */
  readonly amount: string;
  readonly description: string | null;
  readonly invoiceUuid: string | null;
  readonly invoiceNumber: string | null;
}

/** A bill as the list of bills shows it. */
export interface BillHeader {
  /** The invoice's uuid; `preview` for the running month's, whose uuid is not promised to stay. */
  readonly externalId: string;
  /** The number on the document. */
  readonly number: string | null;
  /** The first day of its month. */
  readonly period: Temporal.PlainDate;
  readonly amount: string;
  /** When a preview was made. */
  readonly updatedAt: Temporal.Instant | null;
}

export interface BillList {
  /** Final ones, each once. */
  readonly bills: readonly BillHeader[];
  /** Of the running month; null: the provider shows none. */
  readonly preview: BillHeader | null;
}

/** A line of a bill. It has no id, and equal lines are legal. What is empty or was not told is null. */
export interface BillItem {
  readonly product: string | null;
  readonly category: string | null;
  readonly description: string | null;
  readonly groupDescription: string | null;
  readonly resourceUuid: string | null;
  /** The number of a droplet, a snapshot or such. */
  readonly resourceId: string | null;
  readonly projectName: string | null;
  readonly amount: string;
  readonly duration: string | null;
  /** `Hours`, `Seconds`, ... */
  readonly durationUnit: string | null;
  readonly startTime: Temporal.Instant | null;
  /** Of some lines the first instant that is not charged, of others the last second that is. */
  readonly endTime: Temporal.Instant | null;
}

/** A page of a bill's items. */
export interface BillPage {
  /** The answer as it was received. */
  readonly body: string;
  readonly items: readonly BillItem[];
  /** How many items the bill has, as the provider counts; null: it does not say. */
  readonly total: number | null;
  readonly isLast: boolean;
}

/** What was used on a day, by team, SKU and region. The provider calls these estimates. */
export interface InsightRow {
  readonly day: Temporal.PlainDate;
  /** `do:team:<uuid>` */
  readonly teamUrn: string;
  readonly sku: string;
  readonly region: string;
  readonly description: string;
  readonly groupDescription: string;
  readonly amount: string;
}

export interface BillingSource {
  /** The scope that a token needs: `billing:read`. */
  readonly scope: string;
  /** Days that one question for Insights may be about. */
  readonly insightDaysMax: number;
  /** The first day of which there are Insights. */
  readonly insightsSince: Temporal.PlainDate;
  /** null: the provider has none for this token. */
  balance(signal?: AbortSignal): Promise<ProviderBalance | null>;
  /** All entries, in the provider's order. */
  history(signal?: AbortSignal): Promise<readonly BillingEntry[]>;
  bills(signal?: AbortSignal): Promise<BillList>;
  /**
   * One page of a bill's items in the bill's own order, numbered from 1; null: there is no such bill (any more).
   * @param perPage items of a page, 200 at most: the same for all pages of one reading
   */
  billPage(
    externalId: string,
    place: { readonly page: number; readonly perPage: number },
    signal?: AbortSignal,
  ): Promise<BillPage | null>;
  /** Amounts by product, and taxes and credits that only the header knows: as received; null: no such bill. */
  billSummary(externalId: string, signal?: AbortSignal): Promise<string | null>;
  /** The document itself; null: no such bill. */
  billFile(externalId: string, form: BillFileForm, signal?: AbortSignal): Promise<Uint8Array | null>;
  /**
   * @param urn of a team (`do:team:<uuid>`) or of an organization (`do:teamgroup:<uuid>`)
   * @param to the last day, at most `insightDaysMax` from the first on
   */
  insights(
    urn: string,
    from: Temporal.PlainDate,
    to: Temporal.PlainDate,
    signal?: AbortSignal,
  ): Promise<readonly InsightRow[]>;
}

export type BillFileForm = 'csv' | 'pdf';
