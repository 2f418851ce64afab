import { api, bodyOf } from '../api/client.ts';

/** All of a life, as one document. */
export function readLife(resource: string, signal: AbortSignal) {
  return bodyOf(api.GET('/resources/{resource}/life', { params: { path: { resource } }, signal }));
}

/** How it was configured when. */
export function readSettings(resource: string, signal: AbortSignal) {
  return bodyOf(api.GET('/resources/{resource}/settings', { params: { path: { resource } }, signal }));
}

export type Life = Awaited<ReturnType<typeof readLife>>;
export type Settings = Awaited<ReturnType<typeof readSettings>>;
