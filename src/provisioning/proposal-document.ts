import type { Act, MadeKind, Markers, Specs } from '../cloud/index.ts';

/**
 * What a proposal says will be done, step by step. A rollout does exactly this; the proposal's hash is of it.
 *
 * Some values are known only while it is being done: a deferred value stands in their place.
 */
export type DeferredValue =
  /** The provider's id of what the step of this key created or adopted. It comes before in the order. */
  | { readonly $id: string }
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
