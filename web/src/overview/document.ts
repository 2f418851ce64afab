/** GET /overview, as far as this view reads it. */
export interface OverviewDocument {
  readonly asOf: string;
  readonly clock: { readonly now: string; readonly simulated: boolean };
  readonly metering: {
    readonly meteredThrough: string | null;
    readonly confirmedThrough: string | null;
    readonly finalThrough: string | null;
  };
  readonly money: readonly CurrencyMonth[];
  readonly unowned: {
    readonly resources: number;
    readonly costPerMonth: string | null;
    readonly suggested: number;
    readonly oldest: string | null;
  };
  readonly invoices: {
    readonly draft: number;
    readonly approved: number;
    readonly issued: number;
    readonly waitingFor: string | null;
  };
  readonly corrections: {
    readonly count: number;
    readonly totals: readonly { readonly currency: string; readonly amount: string }[];
  };
  readonly alerts: { readonly fired: number };
  readonly freshness: readonly {
    readonly account: string;
    readonly kind: string;
    readonly syncedAt: string | null;
    readonly state: string;
  }[];
  readonly accountsBroken: number;
  readonly jobs: {
    readonly dead: number;
    readonly oldestWaitingSeconds: number | null;
    readonly pausedQueues: readonly string[];
  };
  readonly movers: readonly {
    readonly deployment: string;
    readonly name: string;
    readonly currency: string;
    readonly amount: string;
    readonly change: string;
  }[];
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
