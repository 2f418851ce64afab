-- inventory: completeness per collection.

-- Of which parts of the kind a run did not see whether they are there, by attributes that all of a
-- part has: [] none, [{"gpu": true}] GPU droplets; NULL: of nothing was it seen.
ALTER TABLE sync_runs ADD unread jsonb;
UPDATE sync_runs SET unread = '[]' WHERE outcome = 'complete';
CREATE INDEX sync_runs_sightings ON sync_runs (account_id, kind, started_at DESC) WHERE unread IS NOT NULL;
