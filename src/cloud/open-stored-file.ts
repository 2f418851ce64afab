import type { SpacesSettings, StoredFile } from './object-store.ts';

/** As `openStoredFile` of object-store.ts, which is loaded only where a file lies in such a store. */
export async function openStoredFile(
  address: string,
  config: SpacesSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StoredFile> {
  const store = await import('./object-store.ts');
  return store.openStoredFile(address, config, env);
}
