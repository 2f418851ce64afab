/** A part of the overview, which may not be known. */
export interface Section {
  readonly state: 'ok' | 'pending' | 'unavailable';
  readonly reason: string | null;
}

export interface CurrencyMonth {
  readonly currency: string;
  readonly revenueToDate: string;
  readonly revenueForecast: string | null;
  readonly lastMonthSameDay: string | null;
  readonly lastMonth: string | null;
  readonly costToDate: string | null;
  readonly marginToDate: string | null;
  readonly days: readonly { readonly day: string; readonly revenue: string; readonly cost: string | null }[];
}
