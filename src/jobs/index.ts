/** What other modules may import of jobs; everything else in this folder is its own. */

export { jobFailed, type Jobs, openJobs } from './jobs.ts';
export { getJob, listJobs } from './operations/jobs.ts';
export { readLongestLag, readQueueLoad } from './load.ts';
export { readSchedule } from './schedule.ts';
export { queueTables } from './tables.ts';
export { startWorker } from './start-worker.ts';
export { jobsSettings } from './settings.ts';
export { searchJobs } from './search.ts';
