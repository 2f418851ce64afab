/**
 * The Provider port: all that the rest of the program knows of a cloud. A second provider moves in
 * by implementing it; `inventory/` is not touched.
 *
 * Nothing here writes to the provider.
 */

import type { BillingSource } from './billing-source.ts';

/** What the provider lists. An open set: these we know by name, others arrive from URNs. */
export const resourceKinds = [
  'project',
  'droplet',
  'dns_zone',
  'volume',
  'reserved_ip',
  'firewall',
  'load_balancer',
  'snapshot',
  'droplet_backup',
  'custom_image',
  'spaces_bucket',
  'database',
  'kubernetes_cluster',
  'app',
  'vpc',
  'certificate',
] as const;
type KnownResourceKind = (typeof resourceKinds)[number];
export type ResourceKind = KnownResourceKind | (string & {});

/** The parts in which an account is read, each at its own pace. `resources` reads all that is not named here. */
export type SyncPass = 'projects' | 'resources' | 'snapshots' | 'backups' | 'spaces' | 'sizes';

const passOfKind: Readonly<Record<string, SyncPass>> = {
  project: 'projects',
  snapshot: 'snapshots',
  custom_image: 'snapshots',
  droplet_backup: 'backups',
  spaces_bucket: 'spaces',
  size: 'sizes',
};

/** Which part of a sync reads a kind. */
export function syncPassOf(kind: ResourceKind): SyncPass {
  return passOfKind[kind] ?? 'resources';
}

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Something that a resource belongs to by nature, as `kind:external_id`; a firewall's or load balancer's tag as `tag:name`. */
export type ParentRef = `${string}:${string}`;

/** Facts of a resource, by name. */
export type Attributes = Readonly<Record<string, Json>>;

/** One resource as a listing shows it, in our words, with the provider's own beside them. */
export interface ListedResource {
  readonly kind: ResourceKind;
  /** The provider's id: stable for the resource's life, unique within account and kind. */
  readonly externalId: string;
  readonly urn: string | null;
  readonly name: string;
  /** The provider's own word (`active`, `off`, `new`, ...); `active` where it has none. Unknown words are kept. */
  readonly status: string;
  /** When the provider says it was created; null where it does not tell. */
  readonly createdAt: Temporal.Instant | null;
  readonly region: string | null;
  /** Sorted, without duplicates. */
  readonly tags: readonly string[];
  /**
   * Sorted, without duplicates. Snapshot and backup: its source; volume, reserved IP: its droplets;
   * firewall: droplets and tags.
   */
  readonly parents: readonly ParentRef[];
  /**
   * Normalised facts that billing reads, snake_case. Numbers are exact to 9 digits; sizes are in the unit that the
   * provider bills: GB of droplets' snapshots and custom images, else GiB.
   * droplet: size_slug, vcpus, memory_mb, disk_gb, gpu (true or false), image.
   * volume: size_gb. snapshot: size_gb, source (droplet, volume). spaces_bucket: size_gb, objects.
   * droplet_backup: size_gb, backup_plan (daily, weekly).
   * load_balancer: nodes, type. reserved_ip: assigned, ip_version (4 or 6).
   * database: engine, size_slug, nodes. kubernetes_cluster: nodes.
   * project: is_default, purpose, environment.
   * A fact that is not known is absent, not null.
   */
  readonly attributes: Attributes;
  /**
   * What this listing does not tell: `name`, `status`, `region`, `tags`, `parents`, `parents:<kind>`
   * for the parents of one kind, or the name of an attribute. What was known of it still counts; only
   * where nothing was known does the value given here.
   */
  readonly untold: readonly string[];
  /** What the provider said, unchanged, save that secrets (passwords, keys, values of environments) are left out. */
  readonly payload: Json;
}

/** The setting by which a resource says itself which project it is in: the project's external id. */
export const projectSetting = 'project';

/** What is configured on a resource, beside what is billed. */
export interface Settings {
  /**
   * Flat keys to canonical values: what means the same is the same value, whatever its order and spelling. Keys of
   * one thing among several begin with its place: `inbound/tcp/22`, `pool/default/size`.
   */
  readonly values: Attributes;
  /** Keys that are not told; with a `/` at the end, all beneath it. What was known of them still counts. */
  readonly untold: readonly string[];
}

/** Settings of one resource that its kind's listing does not tell. */
export interface ListedSettings {
  readonly externalId: string;
  readonly settings: Settings;
}

/** A kind of which listings do not tell all settings, and when the others are read: then, and once a UTC day. */
export interface DetailedKind {
  /** Settings that all resources have that have any of these. */
  readonly having: Attributes;
  /** The keys of these settings; with a `/` at the end, all beneath it. */
  readonly places: readonly string[];
  /** Read where the listing's answer about a resource is another, or where the settings that it tells are. */
  readonly readOn: 'another answer' | 'other settings';
  /** So many are read one by one, where there is reason to. */
  readonly oneByOneMax: number;
  /** And so many besides that were not read that day. */
  readonly routineMax: number;
  /** What is done of more: the others are left for the next time, or all of the kind are read in bulk. */
  readonly beyond: 'later' | 'all';
}

/** A project holds a resource: from the projects' own listing. */
export interface ListedMembership {
  readonly projectExternalId: string;
  readonly urn: string;
  /** From the URN; for a kind that we do not know, the URN's own word. */
  readonly kind: ResourceKind;
  readonly externalId: string;
  readonly payload: Json;
}

/** Why a listing is not complete. `failed` means that no page could be read. */
export type ListingProblem =
  | 'unauthorized' // the token is not valid (401)
  | 'forbidden' // the token lacks a scope (403)
  | 'rate_limited' // no budget left within the time allowed
  | 'provider_error' // 5xx after retries
  | 'unreachable' // no connection, or dropped, after retries
  | 'malformed' // an answer that could not be understood
  | 'not_understood' // a listed item that cannot be told which one it is
  | 'not_offered' // the provider has no such collection for this token (400, 404)
  | 'count_mismatch' // the items read are not as many as the provider counts
  | 'clock_behind' // a simulator answered from an instant before the one in `standAt`
  | 'cancelled';

export type ListingEnd =
  | {
      readonly outcome: 'complete';
      /** For a person: the fields that were not understood, by item; null: none. */
      readonly reason: string | null;
      readonly absence: Absence;
      readonly requests: number;
    }
  | {
      readonly outcome: 'partial';
      readonly problem: ListingProblem;
      /** For a person: what happened where; a missing scope by its name (`droplet:read`). */
      readonly reason: string;
      readonly absence: Absence;
      readonly requests: number;
    };

/** What it says of a resource that a listing does not show it. */
export interface Absence {
  /**
   * The parts of the kind that were not read whole, each by attributes that all of it has (`{}`: all
   * of the kind): of those that have them, absence says nothing.
   */
  readonly unread: readonly Attributes[];
  /**
   * Of the rest. `evident`: it is gone. `movable`: it is gone, or was passed over as items moved
   * between pages. `unclear`: it is gone, or is among what was listed and could not be identified.
   */
  readonly certainty: 'evident' | 'movable' | 'unclear';
}

/** A listing is any number of pages, then exactly one end, always. It does not throw. */
export type ListingEvent<T> =
  | { readonly type: 'page'; readonly items: readonly T[] }
  | { readonly type: 'end'; readonly end: ListingEnd };

export interface ProviderAction {
  readonly externalId: string;
  /** The provider's own word: create, destroy, power_on, power_off, shutdown, power_cycle, reboot, resize, ... */
  readonly type: string;
  /** in-progress, completed or errored. */
  readonly status: string;
  /** `image` is a snapshot, a backup or a custom image: whatever has this id. */
  readonly resourceKind: ResourceKind | null;
  /** null where it does not tell: of volumes and of reserved IPv6 addresses. */
  readonly resourceExternalId: string | null;
  readonly region: string | null;
  readonly startedAt: Temporal.Instant | null;
  readonly completedAt: Temporal.Instant | null;
  readonly payload: Json;
}

/** A size of droplets, and what the provider asks for it in USD, as exact decimals of at most 9 digits. */
export interface ProviderSize {
  /** `s-1vcpu-1gb` */
  readonly slug: string;
  readonly vcpus: number;
  /** MiB. */
  readonly memoryMb: number;
  /** GiB. */
  readonly diskGb: number;
  /** The provider's terabytes of outbound transfer that a month of it earns. */
  readonly transferTb: number;
  /** Where it can be had, sorted. */
  readonly regions: readonly string[];
  readonly gpu: boolean;
  readonly priceHourly: string;
  readonly priceMonthly: string;
  /** Whether new droplets can be of it. */
  readonly available: boolean;
  readonly payload: Json;
}

export interface ProviderIdentity {
  /** The provider's own id of the account (team). */
  readonly accountId: string;
  readonly name: string;
  /** Set when the other side is a simulator: its virtual instant, which the database's clock follows. */
  readonly simulatedAt: Temporal.Instant | null;
  /** What the provider's clock said as it answered, to the second; null where it does not tell. */
  readonly answeredAt: Temporal.Instant | null;
}

/** A kind that the provider has, and that nothing lists with what it was given. */
export interface NotReadKind {
  readonly kind: ResourceKind;
  /** What is missing, for people: `Spaces key`. */
  readonly needs: string;
}

/** What the account may have, and what there is to create a droplet from. */
export interface ProviderOffer {
  readonly limits: { readonly droplets: number; readonly reservedIps: number };
  /** Images by slug, each with the regions that have it. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** By fingerprint. */
  readonly keys: readonly { readonly name: string; readonly fingerprint: string }[];
}

/** What a token may read. `unknown`: the provider could not be asked just now. */
export interface ScopeReport {
  readonly scope: string;
  readonly granted: 'yes' | 'no' | 'unknown';
  /** The kinds that a missing scope hides. */
  readonly kinds: readonly ResourceKind[];
  /** The fields of other kinds that it hides, as `kind.field`: their listings succeed without them. */
  readonly fields: readonly string[];
  /** What else it hides, in words: `prices of droplet sizes`. */
  readonly others: readonly string[];
}

/** Fields of one kind that this token may not see, by the names that `untold` has, and keys of settings. */
interface HiddenFields {
  /** The scope that is missing, or could not be asked for. */
  readonly scope: string;
  readonly fields: readonly string[];
}

export type LookupResult = 'exists' | 'gone' | 'unknown';

export interface Provider {
  /** `digitalocean` */
  readonly name: string;
  /** What it charges, with the same token and within the same limits. */
  readonly billing: BillingSource;
  /** The kinds that `list` can be asked for, in the order in which a full sync lists them (projects first). */
  readonly kinds: readonly ResourceKind[];
  /** Kinds that it has and that these credentials cannot list. */
  readonly notRead: readonly NotReadKind[];
  /**
   * Who the token belongs to. Throws ArcadiaError provider_unauthorized, provider_forbidden,
   * provider_unreachable, provider_failed, clock_behind, cancelled.
   */
  identify(signal?: AbortSignal): Promise<ProviderIdentity>;
  scopes(signal?: AbortSignal): Promise<readonly ScopeReport[]>;
  /** Throws as `identify` does, of the scopes account:read, image:read and ssh_key:read. */
  offer(signal?: AbortSignal): Promise<ProviderOffer>;
  /** The fields of a kind that need a scope of their own, by the names that `untold` has, and keys of settings. */
  scopedFields(kind: ResourceKind): readonly string[];
  /**
   * The fields of a kind that its listings show without what is in them, because the token lacks a scope
   * of their own. Asks for the scopes of these fields: to be called where they seem to have been emptied.
   */
  hiddenFields(kind: ResourceKind, fields: readonly string[], signal?: AbortSignal): Promise<readonly HiddenFields[]>;
  /**
   * The settings that a listing tells of a resource; null: its kind has none. Asks for nothing: the same resource
   * has the same settings, as long as `settingsVersion` is the same.
   */
  settings(resource: ListedResource): Settings | null;
  readonly settingsVersion: number;
  /** The kinds with settings that their listings do not tell. */
  readonly detailedKinds: Readonly<Record<string, DetailedKind>>;
  /**
   * Reads the settings of some resources of such a kind, or of all, that its listing does not tell. Who is not shown
   * was not read, or is not there.
   */
  listDetails(
    kind: ResourceKind,
    externalIds: readonly string[] | 'all',
    signal?: AbortSignal,
  ): AsyncIterable<ListingEvent<ListedSettings>>;
  list(kind: ResourceKind, signal?: AbortSignal): AsyncIterable<ListingEvent<ListedResource>>;
  /** Every project's resources. Project by project; a project that fails makes the end partial. */
  listMemberships(
    projectExternalIds: readonly string[],
    signal?: AbortSignal,
  ): AsyncIterable<ListingEvent<ListedMembership>>;
  /** Actions that began or completed at `since` or later, or have not completed, as the provider lists them. */
  listActions(since: Temporal.Instant, signal?: AbortSignal): AsyncIterable<ListingEvent<ProviderAction>>;
  /** One action as it is now. `gone`: 404; `unknown`: it could not be asked for or not be understood. */
  lookupAction(externalId: string, signal?: AbortSignal): Promise<ProviderAction | 'gone' | 'unknown'>;
  /** The sizes of droplets that are for sale to this account, with their prices. */
  listSizes(signal?: AbortSignal): AsyncIterable<ListingEvent<ProviderSize>>;
  /** Is this one still there? 404 is `gone`; 401, 403 and failures are `unknown`. */
  lookup(kind: ResourceKind, externalId: string, signal?: AbortSignal): Promise<LookupResult>;
  /**
   * From here on, an answer of a simulator whose clock is behind this instant is refused: it would show
   * what was before as what is now. A built-in simulator is first moved on to the instant. Says
   * nothing of a real provider.
   */
  standAt(instant: Temporal.Instant): void;
  /** Requests sent so far by this instance. */
  readonly requests: number;
  /** What the provider said last of the requests that the token may still send; null: it has said nothing yet. */
  readonly budget: RequestBudget | null;
  /** Ends what it holds open (a built-in simulator, sockets). */
  close(): Promise<void>;
}

/** How many requests a token may still send, by whatever it was asked last. */
export interface RequestBudget {
  readonly remaining: number;
  /** In an hour; null: the provider does not say. */
  readonly limit: number | null;
  /** When the oldest request of the hour no longer counts; null: the provider does not say. */
  readonly resetAt: Temporal.Instant | null;
}

/** What opens an account. Spaces has keys of its own. */
export type Credentials = {
  readonly token: string;
  readonly spaces?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** None: all that there are. */
    readonly regions: readonly string[];
    readonly endpoint?: string;
  };
};

export interface ProviderOptions {
  readonly apiUrl: string;
  readonly credentials: Credentials;
  /** Where the clock of a built-in simulator is to stand; its fleet's own present unless set. */
  readonly simulatedAt?: Temporal.Instant;
  /** Told of each request, for logs and traces: method, path, status, ms, attempt. Never of a token. */
  readonly onRequest?: (event: {
    method: string;
    path: string;
    status: number | null;
    ms: number;
    attempt: number;
  }) => void;
}
