-- Tasks, their history, and the creations that are remembered by a key. Every key starts with the project.
-- Text is compared bytewise, SQLite's default. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE task (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  service TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  progress_percent REAL,
  instance_id TEXT NOT NULL,
  instance_name TEXT NOT NULL,
  instance_status TEXT NOT NULL,
  database_name TEXT NOT NULL,
  order_id TEXT NOT NULL,
  fail_reason TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  updated_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  planned_start_at_ms INTEGER,
  planned_end_at_ms INTEGER,
  priority INTEGER,
  parent_id TEXT,
  attempt INTEGER NOT NULL,
  lease_seconds INTEGER,
  on_stale TEXT NOT NULL,
  heard_at_ms INTEGER NOT NULL,
  lost_status TEXT,
  details TEXT NOT NULL, -- a JSON object
  labels TEXT NOT NULL, -- a JSON object
  created_by TEXT NOT NULL,
  revision INTEGER NOT NULL,
  -- When silence makes the task fail, as the domain says; null where it never does.
  fails_at_ms INTEGER,
  -- What recognises the same creation when it comes again.
  creation_digest TEXT NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT;

-- The four indexes of the lists. In each, one value for every column before created_at_ms makes a range in the lists'
-- order, and a filter is a few such ranges, merged. The status at the end lets totals be counted in the index alone.
-- There is none for a whole project: its list is the merge of its services and kinds, and every index slows ingest.

-- GET /v3/{project_id}/jobs and /tasklist of every service, GET /v1/{project_id}/tasks.
CREATE INDEX task_by_service ON task (project_id, service, kind, created_at_ms, id, status);

-- The same with ?name=, and the distinct names of tasklist's `actions`.
CREATE INDEX task_by_name ON task (project_id, service, kind, name, created_at_ms, id, status);

-- The same with ?instance_id=.
CREATE INDEX task_by_instance ON task (project_id, service, kind, instance_id, created_at_ms, id, status);

-- The same with ?order_id=. Few tasks have an order.
CREATE INDEX task_by_order ON task (project_id, service, kind, order_id, created_at_ms, id, status)
WHERE order_id <> '';

-- The sweep's question for tasks that silence makes fail now. Few tasks ask for that.
CREATE INDEX task_by_failure_time ON task (project_id, fails_at_ms, id)
WHERE fails_at_ms IS NOT NULL;

-- Clustered by task: a history is read in one piece, and written with one insert.
CREATE TABLE task_history (
  project_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  reported_at_ms INTEGER NOT NULL,
  author TEXT NOT NULL,
  message TEXT NOT NULL,
  changes TEXT NOT NULL, -- a JSON object
  PRIMARY KEY (project_id, task_id, revision),
  FOREIGN KEY (project_id, task_id) REFERENCES task (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Without a reference to the task: a key outlives it.
CREATE TABLE remembered_creation (
  project_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  used_at_ms INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (project_id, idempotency_key)
) STRICT, WITHOUT ROWID;

-- Forgetting the oldest keys, a few with every new one.
CREATE INDEX remembered_creation_by_use ON remembered_creation (project_id, used_at_ms);
