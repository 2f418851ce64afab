import type { Queryable } from '../platform/database/database.ts';
import { listAccounts } from './accounts.ts';
import { type HiddenMoney, readHiddenMoney } from './hidden-money.ts';
import { type BudgetRow, type KindStatus, selectBudgets, selectKindStatus, selectTokenChecks } from './status.store.ts';
import type { Account } from './store.ts';

/** A scope that the token has not, and what hangs on each kind and field that it hides. */
interface MissingScope {
  readonly scope: string;
  readonly kinds: readonly string[];
  readonly fields: readonly string[];
  /** What else it would show, in words. */
  readonly others: readonly string[];
  readonly money: readonly HiddenMoney[];
}

/** How well an account can be seen. */
export interface AccountStatus {
  readonly account: Account;
  /** None of one that is disconnected. */
  readonly kinds: readonly KindStatus[];
  /** null: its provider has not said. */
  readonly budget: Omit<BudgetRow, 'account'> | null;
  /** Of the last daily check; null: there was none yet. */
  readonly token: { readonly checkedAt: Temporal.Instant; readonly missing: readonly MissingScope[] } | null;
}

/** How well each account can be seen, by slug; what a missing scope hides is priced by the price book of `day`. */
export async function readAccountsStatus(db: Queryable, day: Temporal.PlainDate): Promise<AccountStatus[]> {
  const [accounts, kinds, budgets, checks] = [
    await listAccounts(db),
    await selectKindStatus(db),
    await selectBudgets(db),
    await selectTokenChecks(db),
  ];
  const status: AccountStatus[] = [];
  for (const account of accounts) {
    const check = checks.find((each) => each.account === account.slug);
    const budget = budgets.find((each) => each.account === account.slug);
    const money =
      check === undefined
        ? new Map<string, readonly HiddenMoney[]>()
        : await readHiddenMoney(db, account, check.missing, day);
    status.push({
      account,
      kinds: kinds.filter((each) => each.account === account.slug),
      budget: budget ?? null,
      token:
        check === undefined
          ? null
          : {
              checkedAt: check.checkedAt,
              missing: check.missing.map(({ scope, kinds: hidden, fields, others }) => ({
                scope,
                kinds: hidden,
                fields,
                others,
                money: money.get(scope) ?? [],
              })),
            },
    });
  }
  return status;
}
