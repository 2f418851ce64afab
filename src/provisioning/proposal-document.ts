import type { Act, MadeKind, Markers, Specs } from '../cloud/index.ts';

/**
 * What a proposal says will be done, step by step. A rollout does exactly this; the proposal's hash is of it.
 *
 * Some values are known only while it is being done: a deferred value stands in their place.
 */
export type DeferredValue =
  /** The provider's id of what the step of this key created or adopted. It comes before in the order. */
  | { readonly $id: string }
  /** The same as the provider's URN: `do:droplet:17`. */
  | { readonly $urn: string }
  /** The public IPv4 address of the droplet or load balancer that the step of this key created. */
  | { readonly $address: string }
  /** This step's own mark, as a tag (`arcadia-step:<uuid>`) or as text for a description. */
  | { readonly $mark: 'tag' | 'text' }
  /** A name that is this step's own: what is given, `-`, and six digits of its mark. */
  | { readonly $name: string }
  /** One of the proposal's sealed values, by name. */
  | { readonly $secret: string };

/** A shape in which any text may be deferred. */
export type Deferrable<Value> = Value extends string
  ? Value | DeferredValue
  : Value extends readonly (infer Member)[]
    ? readonly Deferrable<Member>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: Deferrable<Value[Key]> }
      : Value;

type Creation = {
  [Kind in MadeKind]: {
    readonly do: 'create';
    readonly kind: Kind;
    readonly spec: Deferrable<Specs[Kind]>;
    readonly marker: Deferrable<Markers[Kind]>;
    /** Whether what is there already may be taken for it. */
    readonly mayAdopt: boolean;
  };
}[MadeKind];

/** What is written down here, and nothing is asked of the provider for. */
export type RecordedWork =
  /** The deployment, with the rule by which everything in the project is its own. Before anything costs. */
  | {
      readonly do: 'record';
      readonly what: 'deployment';
      readonly customer: string;
      readonly name: string;
      /** A step's, or one that is there. */
      readonly project: string | DeferredValue;
    }
  /** From the first of the day given, in UTC. */
  | { readonly do: 'record'; readonly what: 'subscription'; readonly plan: string; readonly from: string }
  /** Of what neither a tag nor a project can own. */
  | {
      readonly do: 'record';
      readonly what: 'assignment';
      readonly kind: MadeKind;
      readonly externalId: string | DeferredValue;
    }
  /** No rollout may destroy it until its protection is ended. */
  | {
      readonly do: 'record';
      readonly what: 'protection';
      readonly kind: MadeKind;
      readonly externalId: string | DeferredValue;
      readonly reason: string;
    }
  /** What the rollout has created is what the deployment should consist of from now on. */
  | { readonly do: 'record'; readonly what: 'declaration' }
  /** The deployment and its subscription end. */
  | { readonly do: 'record'; readonly what: 'end' };

export type StepWork =
  | Creation
  | { readonly do: 'act'; readonly act: Deferrable<Act> }
  /** One thing by its id, which was seen when it was proposed, and by no other. */
  | { readonly do: 'destroy'; readonly kind: MadeKind; readonly externalId: string }
  | RecordedWork;

export interface ProposedStep {
  /** Its name within the proposal: `droplet web-1`. */
  readonly key: string;
  /** What it does, in one line. */
  readonly says: string;
  readonly work: StepWork;
  /** What the write token must be allowed: `droplet:create`. */
  readonly scopes: readonly string[];
  /** What undoing it does: destroys what it created, turns the act back, or nothing. */
  readonly undo: 'destroy' | 'reverse' | 'nothing';
  /** What is lost by it for good, in words; null: nothing. */
  readonly loses: string | null;
}

/** What something costs us by the provider's list prices of the day of the proposal: not what it will bill. */
export interface OurMoney {
  readonly currency: string;
  /** Of a whole month: exact decimals. `before` is what is there now. */
  readonly monthly: { readonly before: string; readonly after: string; readonly difference: string };
  /** Of what is added or goes, from the moment of the proposal to the end of its month. */
  readonly restOfMonth: string;
  /** Of what it consists of then, and of what goes on costing although it goes: what each costs in a month. */
  readonly lines: readonly { readonly what: string; readonly quantity: string; readonly amount: string }[];
  /** What nobody knows the price of. */
  readonly unknown: readonly string[];
}

/** What a whole calendar month costs the customer, by the plan's version that holds at its end. */
interface MonthForCustomer {
  /** `2026-07` */
  readonly month: string;
  /** That it is on at the month's end. */
  readonly plan: string;
  /** Of the plan's version: digits of a digest of all that it says. */
  readonly version: string;
  /** null: it is new. */
  readonly before: string | null;
  readonly after: string;
  readonly difference: string;
}

export interface CustomersMoney {
  readonly currency: string;
  /** The month of the proposal, and the one after it, each as a whole one; not one at whose end it is on no plan. */
  readonly months: readonly MonthForCustomer[];
  /** Of the second month: what the customer pays without tax, less what it costs us. null: in two currencies, or the plan passes cost on. */
  readonly margin: string | null;
  /** Of the month of the proposal, by its own time: nothing is carried over into it. null: it is on no plan in it. */
  readonly restOfMonth: RestOfMonth | null;
}

/** What a proposal changes of what the customer pays for the month in which it is made. */
interface RestOfMonth {
  /** From when on: what is created is on its plan from the next day. */
  readonly from: string;
  readonly difference: string;
  /** Less what it changes of our cost to the end of the month. null: in two currencies, or the plan passes cost on. */
  readonly margin: string | null;
}

/** Something that was seen as it was proposed: a proposal is stale once it differs. */
export interface SeenThing {
  /** `droplet 17 web-1` */
  readonly what: string;
  /** What the proposal has read of it. */
  readonly is: Readonly<Record<string, string>>;
}

/** Something that is there after a proposal of destroying, and what it costs from then on. */
export interface StayingThing {
  readonly what: string;
  readonly why: string;
  /** In a month; null: nobody knows. */
  readonly monthly: string | null;
}

/** What was proposed. Its hash is SHA-256 over its canonical JSON; secrets are in it as HMACs alone. */
export interface ProposalDocument {
  readonly schema: 1;
  readonly purpose: 'create' | 'change' | 'destroy';
  readonly deployment: string;
  /** How people call it. */
  readonly name: string;
  /** Its customer's id. */
  readonly customer: string;
  /** The account's slug. */
  readonly account: string;
  /** The plan that it is on, or comes onto; null: none. */
  readonly plan: string | null;
  /** null: of a proposal of destroying. */
  readonly blueprint: { readonly blueprint: string; readonly version: number; readonly digest: string } | null;
  /** By name, as they are put into the blueprint; of a secret `hmac:` and its digits. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Of each sealed value that the steps name, its HMAC. */
  readonly sealed: Readonly<Record<string, string>>;
  readonly acceptUnmetered: boolean;
  /** Of a proposal of destroying: whether droplets and volumes are kept as snapshots. */
  readonly snapshots: boolean;
  readonly proposedAt: string;
  readonly expiresAt: string;
  readonly steps: readonly ProposedStep[];
  /** All scopes that the write token needs, sorted. */
  readonly scopes: readonly string[];
  readonly ours: OurMoney;
  /** null: it is on no plan, or is destroyed. */
  readonly customers: CustomersMoney | null;
  /** Meters that the plan prices, that what is created would use, and that are disabled. */
  readonly notMetered: readonly string[];
  /** Why it cannot be approved, in words. */
  readonly problems: readonly string[];
  /** What a person should know of it, in words: nothing is refused for it. */
  readonly notes: readonly string[];
  readonly seen: readonly SeenThing[];
  readonly stays: readonly StayingThing[];
}
