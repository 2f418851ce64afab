import { api, bodyOf, type Schemas } from '../api/client.ts';
import { listQuery } from '../lists/search.ts';
import { type DriftSearch, filters, type Sort } from './search.ts';

const json = { accept: 'application/json' } as const;
const pageSize = 100;
/** All there are of them, in practice: they are as many as deployments have rules that found something. */
const groupsMax = 1_000;

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

export function readGroups(search: DriftSearch, signal: AbortSignal) {
  const query = { ...filterOf(search), limit: groupsMax };
  return bodyOf(api.GET('/drift/groups', { params: { query }, headers: json, signal }));
}

export type Groups = Awaited<ReturnType<typeof readGroups>>;
export type Group = Groups['items'][number];

export function readFindings(search: DriftSearch, signal: AbortSignal) {
  const query = { ...listQuery<Sort>(search), ...filterOf(search), limit: pageSize };
  return bodyOf(api.GET('/drift', { params: { query }, headers: json, signal }));
}

export type Findings = Awaited<ReturnType<typeof readFindings>>;

export function readFinding(finding: string, signal: AbortSignal) {
  return bodyOf(api.GET('/drift/{finding}', { params: { path: { finding } }, signal }));
}

export type FindingDetail = Awaited<ReturnType<typeof readFinding>>;

export function readCoverage(signal: AbortSignal) {
  return bodyOf(api.GET('/drift/coverage', { params: { query: { limit: groupsMax } }, headers: json, signal }));
}

export type Coverage = Awaited<ReturnType<typeof readCoverage>>;

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

export function readVersions(declaration: string, signal: AbortSignal) {
  const params = { path: { declaration }, query: { limit: pageSize } };
  return bodyOf(api.GET('/declarations/{declaration}/versions', { params, headers: json, signal }));
}

export type Versions = Awaited<ReturnType<typeof readVersions>>;

export function readRules({ q }: DriftSearch, signal: AbortSignal) {
  const query = { ...(q === undefined ? {} : { q }), limit: groupsMax };
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
