'use strict';

// Loaded into a program that runs under the launcher: ends with it. A launcher that is killed
// cannot pass that on, but its end of this channel closes, whatever happened to it.

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
