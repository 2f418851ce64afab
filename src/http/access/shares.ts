import type { Principal } from '../../platform/declare/operation.ts';

// What this process has only so much of (places of requests, connections to the database, streams) is shared by whom a
// request is for, not by who sends it: all users of one customer share one part. Customers together cannot take what is
// kept for staff, nor staff what is kept for customers.

export interface Caller {
  readonly group: 'staff' | 'customers';
  /** Unique among all callers. */
  readonly name: string;
}

/** Who a principal is where something is shared: its customer, or the member of staff. */
export function sharerOf({ customerId, role, subject }: Principal): Caller {
  return role === 'customer'
    ? { group: 'customers', name: `customer ${customerId}` }
    : { group: 'staff', name: `staff ${subject}` };
}

interface SharesLimits {
  readonly all: number;
  readonly ofOne: number;
}

/** The part of everything that is kept for each of the two groups. */
const keptShare = 1 / 4;

/** Counts who has how much. */
export class Shares {
  readonly #limits: SharesLimits;
  readonly #byName = new Map<string, number>();
  readonly #byGroup = { staff: 0, customers: 0 };

  constructor(limits: SharesLimits) {
    this.#limits = limits;
  }

  /** What keeps a caller from one more: they have all that one may have, or there is none left for them. */
  obstacleOf({ group, name }: Caller): 'own' | 'all' | null {
    const { all, ofOne } = this.#limits;
    if ((this.#byName.get(name) ?? 0) >= ofOne) return 'own';
    const { staff, customers } = this.#byGroup;
    const isFull = staff + customers >= all || this.#byGroup[group] >= all - Math.floor(all * keptShare);
    return isFull ? 'all' : null;
  }

  /** One more for this caller, until the function that is returned is called. */
  take({ group, name }: Caller): () => void {
    this.#byName.set(name, (this.#byName.get(name) ?? 0) + 1);
    this.#byGroup[group] += 1;
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      this.#byGroup[group] -= 1;
      const left = (this.#byName.get(name) ?? 1) - 1;
      if (left > 0) this.#byName.set(name, left);
      else this.#byName.delete(name);
    };
  }
}
