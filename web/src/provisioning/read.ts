import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import type { RolloutState } from './search.ts';

const json = { accept: 'application/json' } as const;
const pageSize = 50;

type Headers = Readonly<Record<string, string>>;

export type Proposal = Schemas['Proposal'];
export type ProposalDetail = Schemas['ProposalDetail'];
export type Rollout = Schemas['Rollout'];
export type Blueprint = Schemas['Blueprint'];

interface Asked {
  readonly q?: string | undefined;
  readonly cursor?: string | undefined;
  readonly deployment?: string | undefined;
  readonly state?: RolloutState | undefined;
}

function queryOf({ q, cursor }: Asked) {
  return { limit: pageSize, ...(q === undefined ? {} : { q }), ...(cursor === undefined ? {} : { cursor }) };
}

export function useProposals(asked: Asked) {
  const { deployment } = asked;
  const query = { ...queryOf(asked), ...(deployment === undefined ? {} : { deployment }) };
  const read = (signal: AbortSignal) => bodyOf(api.GET('/proposals', { params: { query }, headers: json, signal }));
  return useRead(['listProposals', query], read, { keepsPrevious: true });
}

export function useProposal(hash: string, enabled = true) {
  const read = (signal: AbortSignal) => bodyOf(api.GET('/proposals/{hash}', { params: { path: { hash } }, signal }));
  return useRead(['getProposal', hash], read, { enabled });
}

export function useRollouts(asked: Asked) {
  const { state } = asked;
  const query = { ...queryOf(asked), ...(state === undefined ? {} : { state }) };
  const read = (signal: AbortSignal) => bodyOf(api.GET('/rollouts', { params: { query }, headers: json, signal }));
  return useRead(['listRollouts', query], read, { keepsPrevious: true });
}

export function readRollout(rollout: string, signal: AbortSignal) {
  // An id of another form is refused by the API, in its words.
  return bodyOf(api.GET('/rollouts/{rollout}', { params: { path: { rollout: rollout as never } }, signal }));
}

export type RolloutDetail = Awaited<ReturnType<typeof readRollout>>;

export function useBlueprints(asked: Asked) {
  const query = queryOf(asked);
  const read = (signal: AbortSignal) => bodyOf(api.GET('/blueprints', { params: { query }, headers: json, signal }));
  return useRead(['listBlueprints', query], read, { keepsPrevious: true });
}

/** In its newest version, unless one is named. */
export function useBlueprint(
  blueprint: string,
  { enabled = true, version }: { enabled?: boolean; version?: number } = {},
) {
  const query = version === undefined ? {} : { version };
  const read = (signal: AbortSignal) =>
    bodyOf(api.GET('/blueprints/{blueprint}', { params: { path: { blueprint }, query }, signal }));
  return useRead(['getBlueprint', blueprint, query], read, { enabled });
}

export type BlueprintDetail = NonNullable<ReturnType<typeof useBlueprint>['data']>;

/** The file of a version. */
export function useBlueprintFile({ blueprint, version }: Blueprint) {
  const params = { path: { blueprint }, query: { version } };
  const read = (signal: AbortSignal) =>
    bodyOf(api.GET('/blueprints/{blueprint}/export', { params, parseAs: 'text', signal }));
  return useRead(['exportBlueprint', blueprint, version], read);
}

export function useProtections(asked: Asked) {
  const query = queryOf(asked);
  const read = (signal: AbortSignal) => bodyOf(api.GET('/protections', { params: { query }, headers: json, signal }));
  return useRead(['listProtections', query], read, { keepsPrevious: true });
}

export type Protection = Schemas['Protection'];

export function readCustomers(q: string, signal: AbortSignal) {
  const query = { limit: 20, ...(q === '' ? {} : { q }) };
  return bodyOf(api.GET('/customers', { params: { query }, headers: json, signal }));
}

type Parameters = Readonly<Record<string, string>>;

export interface Creation {
  readonly deployment: string;
  readonly customer: string;
  readonly name?: string;
  readonly blueprint: string;
  readonly account?: string;
  readonly parameters: Parameters;
  readonly acceptUnmetered: boolean;
}

export function proposeCreation(body: Creation, headers: Headers) {
  return bodyOf(api.POST('/proposals/creations', { body, headers }));
}

export interface ChangeAsked {
  readonly blueprint?: string;
  readonly parameters: Parameters;
  readonly acceptUnmetered: boolean;
}

export function proposeChange(deployment: string, body: ChangeAsked, headers: Headers) {
  const params = { path: { deployment } };
  return bodyOf(api.POST('/deployments/{deployment}/proposals/changes', { params, body, headers }));
}

export function proposeDestruction(deployment: string, body: { readonly snapshots: boolean }, headers: Headers) {
  const params = { path: { deployment } };
  return bodyOf(api.POST('/deployments/{deployment}/proposals/destructions', { params, body, headers }));
}

export function approve(hash: string, body: { readonly typeName?: string }, headers: Headers) {
  return bodyOf(api.POST('/proposals/{hash}/approvals', { params: { path: { hash } }, body, headers }));
}

export function discard(hash: string, headers: Headers) {
  return bodyOf(api.POST('/proposals/{hash}/discard', { params: { path: { hash } }, headers }));
}

export function begin(proposal: string, headers: Headers) {
  return bodyOf(api.POST('/rollouts', { body: { proposal }, headers }));
}

export type Decision = 'resume' | 'undo' | 'cancel';

export function decide(decision: Decision, rollout: number, headers: Headers) {
  const asked = { params: { path: { rollout } }, headers };
  if (decision === 'resume') return bodyOf(api.POST('/rollouts/{rollout}/resume', asked));
  if (decision === 'undo') return bodyOf(api.POST('/rollouts/{rollout}/undo', asked));
  return bodyOf(api.POST('/rollouts/{rollout}/cancel', asked));
}

export function writeFrom(deployment: string, headers: Headers) {
  return bodyOf(api.POST('/blueprints/from', { body: { deployment }, headers }));
}

export function applyBlueprint(text: string, headers: Headers) {
  const files = [{ name: 'blueprint.yaml', text }];
  return bodyOf(api.POST('/blueprints', { params: { query: {} }, body: { files }, headers }));
}

export function protect(deployment: string, reason: string, headers: Headers) {
  return bodyOf(api.POST('/protections', { body: { deployment, reason }, headers }));
}

/** A deployment by its slug, or a resource as `kind:id`. */
export type Unprotected = { readonly deployment: string } | { readonly resource: string };

export function unprotect(of: Unprotected, headers: Headers) {
  return bodyOf(api.POST('/protections/end', { body: of, headers }));
}
