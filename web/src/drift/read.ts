import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { listQuery } from '../lists/search.ts';
import { type DriftSearch, filters, type Sort } from './search.ts';

const json = { accept: 'application/json' } as const;
const pageSize = 100;

export type Finding = Schemas['Finding'];
export type Declaration = Schemas['Declaration'];
export type Rule = Schemas['DriftRule'];

/** As the API names what findings are filtered by. */
export function filterOf({ q, severity, category, decided, ...search }: DriftSearch) {
  const named = Object.fromEntries(
    filters.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]] as const])),
  );
  return {
    ...named,
    ...(q === undefined ? {} : { q }),
    ...(severity === undefined ? {} : { severity }),
    ...(category === undefined ? {} : { category: [category] }),
    ...(decided === undefined ? {} : { state: [decided] }),
  };
}

function readGroups(search: DriftSearch, signal: AbortSignal) {
  const { cursor } = search;
  const query = { ...filterOf(search), ...(cursor === undefined ? {} : { cursor }), limit: pageSize };
  return bodyOf(api.GET('/drift/groups', { params: { query }, headers: json, signal }));
}

/** Of a list in groups there is no sort, and whether it is chosen is not of it. */
export function useGroups(
  { tab: _tab, sorted: _sorted, direction: _direction, ...chosen }: DriftSearch,
  enabled: boolean,
) {
  const read = (signal: AbortSignal) => readGroups(chosen, signal);
  return useRead(['listFindingGroups', chosen], read, { enabled, keepsPrevious: true });
}

export type Groups = Awaited<ReturnType<typeof readGroups>>;
export type Group = Groups['items'][number];
export type Totals = Groups['totals'];

function readFindings(search: DriftSearch, signal: AbortSignal) {
  const query = { ...listQuery<Sort>(search), ...filterOf(search), limit: pageSize };
  return bodyOf(api.GET('/drift', { params: { query }, headers: json, signal }));
}

export function useFindings({ tab: _tab, ...listed }: DriftSearch, enabled: boolean) {
  const read = (signal: AbortSignal) => readFindings(listed, signal);
  return useRead(['listFindings', listed], read, { enabled, keepsPrevious: true });
}

export function readFinding(finding: string, signal: AbortSignal) {
  return bodyOf(api.GET('/drift/{finding}', { params: { path: { finding } }, signal }));
}

export type FindingDetail = Awaited<ReturnType<typeof readFinding>>;

function readCoverage(cursor: string | undefined, signal: AbortSignal) {
  const query = { ...(cursor === undefined ? {} : { cursor }), limit: pageSize };
  return bodyOf(api.GET('/drift/coverage', { params: { query }, headers: json, signal }));
}

export type Coverage = Awaited<ReturnType<typeof readCoverage>>;

/** What cannot be seen: the band above what was found reads its first page, and the list each. */
export function useCoverage(cursor: string | undefined, enabled = true) {
  const read = (signal: AbortSignal) => readCoverage(cursor, signal);
  return useRead(['listDriftCoverage', cursor ?? null], read, { enabled, keepsPrevious: true });
}

export function readDeclarations({ q, cursor }: DriftSearch, signal: AbortSignal) {
  const query = {
    ...(q === undefined ? {} : { q }),
    ...(cursor === undefined ? {} : { cursor }),
    limit: pageSize,
  };
  return bodyOf(api.GET('/declarations', { params: { query }, headers: json, signal }));
}

export function readDeclaration(declaration: string, signal: AbortSignal) {
  return bodyOf(api.GET('/declarations/{declaration}', { params: { path: { declaration } }, signal }));
}

export type DeclarationDetail = Awaited<ReturnType<typeof readDeclaration>>;
export type Declared = DeclarationDetail['resources'][number];

export function readVersions(declaration: string, cursor: string | undefined, signal: AbortSignal) {
  const query = { ...(cursor === undefined ? {} : { cursor }), limit: pageSize };
  const params = { path: { declaration }, query };
  return bodyOf(api.GET('/declarations/{declaration}/versions', { params, headers: json, signal }));
}

export type Versions = Awaited<ReturnType<typeof readVersions>>;

export function readRules({ q, cursor }: DriftSearch, signal: AbortSignal) {
  const query = { ...(q === undefined ? {} : { q }), ...(cursor === undefined ? {} : { cursor }), limit: pageSize };
  return bodyOf(api.GET('/drift-rules', { params: { query }, headers: json, signal }));
}

type Headers = Readonly<Record<string, string>>;

export function adopt(deployment: string, dryRun: boolean, headers: Headers, signal?: AbortSignal) {
  const params = { path: { deployment }, query: { dryRun } };
  const asked = { params, body: {}, headers, ...(signal === undefined ? {} : { signal }) };
  return bodyOf(api.POST('/deployments/{deployment}/adopt', asked));
}

export type Applied = Awaited<ReturnType<typeof adopt>>;

export function endDeclaration(declaration: string, headers: Headers) {
  return bodyOf(api.POST('/declarations/{declaration}/end', { params: { path: { declaration } }, headers }));
}

export function sweep(headers: Headers) {
  return bodyOf(api.POST('/drift/sweep', { body: { full: true }, headers }));
}

export interface RuleChange {
  readonly enabled: boolean;
  readonly severity: Rule['severity'];
  readonly parameters: Readonly<Record<string, number>>;
}

/** Of all, of an account or of a deployment, as the rule itself is. */
export function setRule({ rule, account, deployment }: Rule, change: RuleChange, headers: Headers) {
  const whose = {
    ...(account === null ? {} : { account }),
    ...(deployment === null ? {} : { deployment }),
  };
  return bodyOf(
    api.POST('/drift-rules/{rule}', { params: { path: { rule } }, body: { ...whose, ...change }, headers }),
  );
}
