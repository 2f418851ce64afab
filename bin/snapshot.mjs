// A snapshot of the program as it is once all is loaded that commands need: one starts from it in a third of the time that
// loading takes. Without one, a command loads the program; nothing else differs.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { nodeFlags } from './bundles.js';

/**
 * Makes the snapshot of a program, or an empty file where that cannot be: then it is not tried again. Where nothing may be
 * written, none is made.
 */
export function makeSnapshot({ program, snapshot }) {
  const half = `${snapshot}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const args = [...nodeFlags, '--snapshot-blob', half, '--build-snapshot', program];
  try {
    fs.writeFileSync(half, '');
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) fs.writeFileSync(half, '');
    fs.renameSync(half, snapshot);
  } catch {
    fs.rmSync(half, { force: true });
  }
}
