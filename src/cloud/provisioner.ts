/**
 * The write port: what `provisioning` asks a provider for, with a token of its own that may write. The read port is
 * beside it, in provider.ts, and writes nothing.
 *
 * Nothing here is retried, and nothing is destroyed but one thing by its id. Whether a write that got no clear
 * answer has been done is not decided here: `find` is asked for what carries its marker.
 */

export interface FirewallRule {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** `443`, `8000-9000` or `all`. */
  readonly ports: string;
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  readonly droplets: readonly string[];
  readonly loadBalancers: readonly string[];
}

interface ForwardingRule {
  readonly entryProtocol: 'http' | 'https' | 'http2' | 'http3' | 'tcp' | 'udp';
  readonly entryPort: number;
  readonly targetProtocol: 'http' | 'https' | 'http2' | 'tcp' | 'udp';
  readonly targetPort: number;
  /** null: none. */
  readonly certificate: string | null;
}

/** What is created, in our words, by kind. Ids are the provider's. */
export interface Specs {
  readonly project: {
    readonly name: string;
    readonly description: string;
    readonly purpose: string;
    readonly environment: 'Development' | 'Staging' | 'Production';
  };
  readonly tag: { readonly name: string };
  /** `ipRange` null: any that is free. */
  readonly vpc: {
    readonly name: string;
    readonly description: string;
    readonly region: string;
    readonly ipRange: string | null;
  };
  readonly ssh_key: { readonly name: string; readonly publicKey: string };
  readonly firewall: {
    readonly name: string;
    readonly tags: readonly string[];
    readonly inbound: readonly FirewallRule[];
    readonly outbound: readonly FirewallRule[];
  };
  readonly volume: {
    readonly name: string;
    readonly description: string;
    readonly sizeGb: number;
    readonly region: string;
    readonly tags: readonly string[];
  };
  readonly droplet: {
    readonly name: string;
    readonly region: string;
    readonly size: string;
    readonly image: string;
    readonly tags: readonly string[];
    readonly sshKeys: readonly string[];
    readonly volumes: readonly string[];
    /** null: the region's default one. */
    readonly vpc: string | null;
    readonly backups: 'weekly' | 'daily' | null;
    readonly userData: string | null;
  };
  readonly reserved_ip: { readonly droplet: string } | { readonly region: string; readonly project: string };
  readonly load_balancer: {
    readonly name: string;
    readonly region: string;
    readonly nodes: number;
    readonly project: string;
    readonly vpc: string | null;
    readonly targets: { readonly tag: string } | { readonly droplets: readonly string[] };
    readonly forwarding: readonly ForwardingRule[];
  };
  readonly dns_zone: { readonly name: string };
  readonly dns_record: {
    readonly zone: string;
    readonly type: string;
    readonly name: string;
    readonly data: string;
    readonly ttl: number;
    readonly priority: number | null;
  };
  /** Of a volume; a droplet's is taken by an action. */
  readonly snapshot: { readonly volume: string; readonly name: string; readonly tags: readonly string[] };
}

export type MadeKind = keyof Specs;

/** By what a thing is known again that a step has created, or may have. */
export interface Markers {
  /** By its name, with the mark in its description. */
  readonly project: { readonly name: string; readonly mark: string };
  readonly vpc: { readonly name: string; readonly mark: string };
  readonly tag: { readonly name: string };
  readonly ssh_key: { readonly fingerprint: string };
  readonly firewall: { readonly name: string };
  /** By its name, with the mark as a tag: the provider lists none by tag. */
  readonly volume: { readonly name: string; readonly region: string; readonly mark: string };
  /** By the mark as a tag. */
  readonly droplet: { readonly mark: string };
  readonly reserved_ip: { readonly droplet: string } | { readonly project: string };
  readonly load_balancer: { readonly name: string; readonly project: string };
  readonly dns_zone: { readonly name: string };
  /** `name` is relative to the zone; `@` is the zone itself. */
  readonly dns_record: {
    readonly zone: string;
    readonly type: string;
    readonly name: string;
    readonly data: string;
  };
  readonly snapshot: { readonly name: string; readonly source: string };
}

/** Something that a marker leads to. */
export interface Found {
  readonly externalId: string;
  /** Whether it carries the mark. `cannot`: its kind carries none, so that anybody may have created it. */
  readonly marked: 'yes' | 'no' | 'cannot';
}

/** What is done to something that is there. */
export type Act =
  | { readonly on: 'droplet'; readonly id: string; readonly do: 'shutdown' | 'power_off' | 'power_on' }
  | { readonly on: 'droplet'; readonly id: string; readonly do: 'snapshot'; readonly name: string }
  | {
      readonly on: 'droplet';
      readonly id: string;
      readonly do: 'resize';
      readonly size: string;
      readonly growsDisk: boolean;
    }
  | {
      readonly on: 'droplet';
      readonly id: string;
      readonly do: 'enable_backups' | 'change_backup_policy';
      readonly plan: 'weekly' | 'daily';
    }
  | { readonly on: 'volume'; readonly id: string; readonly do: 'attach' | 'detach'; readonly droplet: string }
  | { readonly on: 'reserved_ip'; readonly id: string; readonly do: 'assign'; readonly droplet: string }
  | { readonly on: 'reserved_ip'; readonly id: string; readonly do: 'unassign' }
  | { readonly on: 'project'; readonly id: string; readonly do: 'assign'; readonly urns: readonly string[] };

/** Why a write was refused: nothing has been done. */
export type RefusalProblem =
  | 'unauthorized' // the write token is not valid (401)
  | 'forbidden' // it lacks the scope
  | 'limit' // the account may have no more
  | 'locked' // another action is in progress
  | 'try_again' // the provider says so itself
  | 'gone' // what it is about is not there
  | 'conflict' // it is in use, or its name is taken
  | 'invalid';

/** How a write ended. */
export type Sent =
  | {
      readonly answer: 'done';
      readonly externalId: string;
      /** What goes on at the provider; null: nothing. */
      readonly actionId: string | null;
      readonly requestId: string | null;
    }
  /** No byte of it has left. */
  | { readonly answer: 'not_sent'; readonly reason: string }
  | { readonly answer: 'rate_limited'; readonly afterMs: number | null; readonly reason: string }
  | {
      readonly answer: 'refused';
      readonly problem: RefusalProblem;
      readonly status: number;
      /** In the provider's words. */
      readonly reason: string;
      /** What the write needs of the token. */
      readonly scope: string;
      readonly requestId: string | null;
    }
  /** It may have been done, or still be. */
  | { readonly answer: 'unclear'; readonly status: number | null; readonly reason: string };

/** When a write may be sent. */
export interface SendWindow {
  /** Not after this instant of the machine's monotonic clock: who waited longer may have lost the right to. */
  readonly beforeMs: number;
  /** Nor after this one of its wall clock, in milliseconds since 1970: the other one may stand while the machine is suspended. */
  readonly beforeEpochMs: number;
  /** Ends the wait for it to be sent. What has left is waited for. */
  readonly signal?: AbortSignal;
}

/** One thing, as it is now. */
export type Look =
  | { readonly is: 'absent' }
  | {
      readonly is: 'there';
      readonly status: string;
      readonly locked: boolean;
      /** Of a droplet or a load balancer, its public IPv4 address; null: it has none, or none yet. */
      readonly address: string | null;
    };

/** How much of what an act brings about is so now. */
export type Effect =
  | { readonly is: 'absent' }
  | {
      readonly is: 'there';
      /** null: it does not show, and doing it again does no harm. */
      readonly reached: boolean | null;
      readonly locked: boolean;
      /** The provider's id of what it made; null: nothing. */
      readonly made: string | null;
      /** Of a droplet that is resized, its size. */
      readonly size: string | null;
    };

export type ActionState = 'in-progress' | 'completed' | 'errored' | 'absent';

interface Allowance {
  readonly limit: number;
  readonly live: number;
}

export interface Network {
  readonly externalId: string;
  readonly name: string;
  readonly region: string;
  readonly ipRange: string;
  readonly isDefault: boolean;
}

/**
 * What only asks throws ArcadiaError: write_token_unauthorized, write_token_forbidden (the scope is named),
 * provider_rate_limited, provider_unreachable, provider_failed, cancelled. What writes does not throw.
 */
export interface Provisioner {
  /** All that there is; throws rather than leave something out. */
  find<Kind extends MadeKind>(kind: Kind, marker: Markers[Kind], signal?: AbortSignal): Promise<readonly Found[]>;
  /** Sends once. */
  create<Kind extends MadeKind>(kind: Kind, spec: Specs[Kind], window: SendWindow): Promise<Sent>;
  /** Sends once. */
  act(act: Act, window: SendWindow): Promise<Sent>;
  /** Sends once, for one thing by its id; of a record, the zone and the id: `acme.example/17`. What is not there is done. */
  destroy(kind: MadeKind, externalId: string, window: SendWindow): Promise<Sent>;
  /**
   * Whether the token may create one of a kind: asked with nothing in it, which the provider refuses either way, for want
   * of the scope or of what it is to create. Where it says neither, it is taken to be granted.
   */
  mayCreate(kind: MadeKind, signal?: AbortSignal): Promise<{ readonly granted: boolean; readonly scope: string }>;
  look(kind: MadeKind, externalId: string, signal?: AbortSignal): Promise<Look>;
  action(actionId: string, signal?: AbortSignal): Promise<ActionState>;
  /** Whether what an act brings about is so. */
  effect(act: Act, signal?: AbortSignal): Promise<Effect>;
  /** What the account may have, and has. */
  limits(signal?: AbortSignal): Promise<{ readonly droplets: Allowance; readonly reservedIps: Allowance }>;
  /** The private networks that there are, with the ranges that they take. */
  networks(signal?: AbortSignal): Promise<readonly Network[]>;
  /** Writes sent so far. */
  readonly writes: number;
}

export interface ProvisionerOptions {
  readonly apiUrl: string;
  /** The write token, which no read client is given. */
  readonly token: string;
  /** Is given each request, without token and body. */
  readonly onRequest?: (event: {
    method: string;
    path: string;
    status: number | null;
    ms: number;
    attempt: number;
  }) => void;
}
