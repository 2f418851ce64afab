import { type PlanVersion, planSchema } from '../../../src/pricing/plan.ts';
import { Random } from '../../../src/simulator/random.ts';

// An agency: its customers, their deployments, who bills them, and what they pay. Everything follows from a seed and a
// number of customers.

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly currency: 'USD' | 'EUR';
  readonly seller: 'default' | 'nord';
  /** Percent that their invoices bear. */
  readonly vat: number;
  readonly treatment: 'taxed' | 'exempt' | 'reverse_charge';
}

export interface Deployment {
  readonly slug: string;
  readonly customer: Customer;
  readonly plan: string;
  readonly startsOn: string;
  /** By what the operator's rules find what it owns. */
  readonly by: 'project' | 'tag' | 'name';
  readonly droplets: number;
  readonly zones: number;
  /** GiB; 0: it has none. */
  readonly volume: number;
}

export interface Business {
  readonly customers: readonly Customer[];
  readonly deployments: readonly Deployment[];
  /** To whom something happens, each to a deployment of its own. */
  readonly cast: Cast;
}

const isIn = (currency: string) => (one: Deployment) => one.customer.currency === currency;

/** What happens, and to which deployments it can. */
const roles = {
  /** Its customer leaves, with servers that run on. */
  leaver: (one: Deployment) => isIn('EUR')(one) && one.droplets > 1 && one.zones > 0,
  /** A fact of it comes to light late. */
  late: (one: Deployment) => one.plan === 'team' && one.droplets > 1,
  /** Its volume grows. */
  grown: (one: Deployment) => one.volume > 20,
  /** A server of it moves to the receiver, a month back. */
  mover: (one: Deployment) => one.plan === 'basic' && one.droplets > 2,
  receiver: (one: Deployment) => one.plan === 'team',
  /** Two that share a server. */
  sharer: isIn('USD'),
  other: isIn('USD'),
  /** A server of it is switched off for two days. */
  stopped: (one: Deployment) => one.plan === 'basic',
  /** It changes its plan. */
  changer: (one: Deployment) => one.plan === 'team',
  /** It gets another server, found by its tag. */
  newcomer: (one: Deployment) => one.by === 'tag',
} as const;

type Role = keyof typeof roles;
export type Cast = Readonly<Record<Role, Deployment>>;

const words = [
  'alder',
  'aspen',
  'beech',
  'birch',
  'cedar',
  'elder',
  'fir',
  'hazel',
  'holly',
  'ivy',
  'juniper',
  'larch',
  'laurel',
  'linden',
  'maple',
  'myrtle',
  'oak',
  'olive',
  'osier',
  'pine',
  'poplar',
  'rowan',
  'spruce',
  'sumac',
  'walnut',
  'yew',
] as const; // prettier-ignore

/** Per cent of the sellers' standard rates. */
export const rates = { default: 20, nord: 19 } as const;

const plansOf = { USD: ['basic', 'team', 'saver'], EUR: ['kontor', 'werk'] } as const;

/** So many businesses are thrown of a seed until each role has somebody: most of them have at the first. */
const throwsMax = 100;

/**
 * The first business of a seed in which each role has a deployment of its own.
 * @param customers how many, 26 at least; one in seven has a second deployment, and one in three pays in EUR
 */
export function makeBusiness(customers: number, seed: number): Business {
  for (let thrown = 0; thrown < throwsMax; thrown += 1) {
    const random = new Random(thrown === 0 ? 'working month' : `working month ${thrown}`, seed);
    const business = throwBusiness(customers, random);
    const cast = castOf(business.deployments);
    if (cast !== null) return { ...business, cast };
  }
  throw new RangeError(`${customers} customers are too few for what happens to them`);
}

/** Gives each role a deployment that no other has: who is taken gives way where there is another for the taker. */
function castOf(deployments: readonly Deployment[]): Cast | null {
  const candidates = deployments.filter(({ startsOn }) => startsOn === '2026-05-01');
  const roleOf = new Map<Deployment, Role>();
  const give = (role: Role, tried: Set<Deployment>): boolean => {
    for (const one of candidates) {
      if (!roles[role](one) || tried.has(one)) continue;
      tried.add(one);
      const holder = roleOf.get(one);
      if (holder !== undefined && !give(holder, tried)) continue;
      roleOf.set(one, role);
      return true;
    }
    return false;
  };
  if (!(Object.keys(roles) as Role[]).every((role) => give(role, new Set()))) return null;
  const cast = Object.fromEntries([...roleOf].map(([one, role]) => [role, one])) as unknown as Cast;
  // Nothing else happens to somebody who leaves.
  const others = Object.values(cast).filter((one) => one !== cast.leaver);
  return others.some(({ customer }) => customer === cast.leaver.customer) ? null : cast;
}

function throwBusiness(customers: number, random: Random): Omit<Business, 'cast'> {
  const all = Array.from({ length: customers }, (_, index): Customer => {
    const word = words[index % words.length] as string;
    const id = index < words.length ? word : `${word}${Math.floor(index / words.length) + 1}`;
    const currency = index % 3 === 2 ? 'EUR' : 'USD';
    const seller = currency === 'EUR' ? 'nord' : 'default';
    const treatment = index === 8 ? 'reverse_charge' : index === 9 ? 'exempt' : 'taxed';
    const name = `${id.charAt(0).toUpperCase()}${id.slice(1)} Ltd`;
    return { id, name, currency, seller, treatment, vat: treatment === 'taxed' ? rates[seller] : 0 };
  });
  const deployments = all.flatMap((customer, index) => {
    const names = index % 7 === 3 ? ['shop', 'blog'] : ['shop'];
    return names.map((name, of): Deployment => {
      const plans = plansOf[customer.currency];
      return {
        slug: `${customer.id}-${name}`,
        customer,
        plan: plans[(index + of) % plans.length] as string,
        startsOn: index % 13 === 5 ? '2026-05-25' : '2026-05-01',
        by: (['project', 'tag', 'name'] as const)[(index + of) % 3] as Deployment['by'],
        droplets: random.int(1, 3),
        zones: random.int(0, 2),
        volume: random.chance(0.4) ? random.int(10, 120) : 0,
      };
    });
  });
  return { customers: all, deployments };
}

const item = (kind: string, allowance: string, unitPrice: string) => ({
  kind,
  allowance,
  model: 'standard',
  properties: { unitPrice },
});

const shared = (scale: number) => [
  item('dns_zones', '1', '0.50'),
  item('droplet_snapshot_gb_month', String(10 * scale), '0.11'),
  item('volume_gb_month', String(20 * scale), '0.17'),
];

/** The plan files, as they are written: one with tiers, one that carries hours over, one with a discount. */
export const planFiles: Readonly<Record<string, object>> = {
  basic: {
    plan: 'basic',
    name: 'Basic',
    from: '2026-01-01',
    currency: 'USD',
    base: '40.00',
    items: [item('droplet_hours', '744', '0.0335'), ...shared(1)],
  }, // prettier-ignore
  team: {
    plan: 'team',
    name: 'Team',
    from: '2026-01-01',
    currency: 'USD',
    base: '89.00',
    items: [
      {
        kind: 'droplet_hours',
        allowance: '1000',
        model: 'graduated',
        properties: {
          tiers: [
            { upTo: '500', unitPrice: '0.04' },
            { upTo: null, unitPrice: '0.0275', flatFee: '2' },
          ],
        },
      },
      ...shared(2),
    ],
  }, // prettier-ignore
  saver: {
    plan: 'saver',
    name: 'Saver',
    from: '2026-01-01',
    currency: 'USD',
    base: '25.00',
    items: [{ ...item('droplet_hours', '1500', '0.05'), carryOver: { months: 1 } }, ...shared(1)],
  }, // prettier-ignore
  kontor: {
    plan: 'kontor',
    name: 'Kontor',
    from: '2026-01-01',
    currency: 'EUR',
    base: '37.50',
    items: [item('droplet_hours', '700', '0.0299'), ...shared(1)],
  }, // prettier-ignore
  werk: {
    plan: 'werk',
    name: 'Werk',
    from: '2026-01-01',
    currency: 'EUR',
    base: '120.00',
    discount: { percent: '7.5' },
    items: [item('droplet_hours', '1488', '0.031'), ...shared(3)],
  }, // prettier-ignore
  /** The price rise: in the middle of June. */
  'kontor-june': {
    plan: 'kontor',
    name: 'Kontor',
    from: '2026-06-16',
    currency: 'EUR',
    base: '41.00',
    items: [item('droplet_hours', '700', '0.0349'), ...shared(1)],
  }, // prettier-ignore
};

/** With its defaults filled in, for the second engine. */
export function planOf(file: string): PlanVersion {
  return planSchema.parse(planFiles[file]);
}
