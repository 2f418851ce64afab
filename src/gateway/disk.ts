import { statfs } from 'node:fs/promises';
import type { Config } from '../platform/config.ts';
import { gatewaySettings } from './settings.ts';

/**
 * Whether the disk of the embedded database has too little space left to take more events. Of another server nothing is known
 * of its disk: whoever runs it watches that.
 */
export async function isDiskFull(config: Config): Promise<boolean> {
  if (config.databaseUrl !== null) return false;
  const { bavail, bsize } = await statfs(config.dataDir, { bigint: true });
  return bavail * bsize < BigInt(gatewaySettings.of(config).gatewayDiskFreeMin) * 1_048_576n;
}
