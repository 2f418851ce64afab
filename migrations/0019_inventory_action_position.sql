-- inventory: how far the action log was read.

-- Of a complete run of `action`: when the newest action began that it or a run before it has seen.
ALTER TABLE sync_runs ADD read_through timestamptz;
UPDATE sync_runs SET read_through = (
  SELECT max(a.started_at) FROM provider_actions a WHERE a.account_id = sync_runs.account_id)
WHERE sync_run_id IN (
  SELECT max(sync_run_id) FROM sync_runs WHERE kind = 'action' AND outcome = 'complete' GROUP BY account_id);
