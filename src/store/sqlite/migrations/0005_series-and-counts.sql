-- Series of tasks, the tasks' indexes by series, and the count trees.

-- A series: a project's tasks of one service and kind (`dimension` is service), or those among them with one name or on one
-- instance. A list is a few series, merged; numbers make the indexes' entries half as long as the words would.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  service TEXT NOT NULL,
  kind TEXT NOT NULL,
  dimension TEXT NOT NULL, -- service, name, instance
  value TEXT NOT NULL, -- the name, or the instance's id; '' for a service
  UNIQUE (project_id, service, kind, dimension, value)
) STRICT;

INSERT INTO series (project_id, service, kind, dimension, value)
SELECT DISTINCT project_id, service, kind, 'service', '' FROM task
UNION ALL SELECT DISTINCT project_id, service, kind, 'name', name FROM task
UNION ALL SELECT DISTINCT project_id, service, kind, 'instance', instance_id FROM task;

-- The nodes of each series' count tree: see src/counts/count-tree.ts. They are filled when the store is opened.
CREATE TABLE count_node (
  series_id INTEGER NOT NULL,
  level INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  start_id TEXT NOT NULL,
  initing INTEGER NOT NULL,
  unauthorized INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  running INTEGER NOT NULL,
  expanding INTEGER NOT NULL,
  to_be_switched INTEGER NOT NULL,
  switching INTEGER NOT NULL,
  to_be_cleaned INTEGER NOT NULL,
  canceling INTEGER NOT NULL,
  rollbacking INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  cancel_success INTEGER NOT NULL,
  rollback_success INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  canceled INTEGER NOT NULL,
  PRIMARY KEY (series_id, level, start_ms, start_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE new_task (
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
  -- The status in the first line of its history, where that line says nothing else that the task does not: then the
  -- line is not stored. Most tasks never have another status than this and the last.
  first_status TEXT,
  -- The three series that the task belongs to.
  service_series INTEGER NOT NULL,
  name_series INTEGER NOT NULL,
  instance_series INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT;

INSERT INTO new_task
SELECT
  task.project_id, task.id, task.service, task.kind, task.name, task.status, task.progress_percent, task.instance_id, task.instance_name, task.instance_status, task.database_name, task.order_id, task.fail_reason, task.created_at_ms, task.started_at_ms, task.updated_at_ms, task.ended_at_ms, task.planned_start_at_ms, task.planned_end_at_ms, task.priority, task.parent_id, task.attempt, task.lease_seconds, task.on_stale, task.heard_at_ms, task.lost_status, task.details, task.labels, task.created_by, task.revision, task.fails_at_ms, task.creation_digest, task.accepted_at_ms,
  first_line.changes ->> '$.status.to',
  by_service.id, by_name.id, by_instance.id
FROM task
LEFT JOIN task_history AS first_line
  ON first_line.project_id = task.project_id AND first_line.task_id = task.id AND first_line.revision = 1
JOIN series AS by_service
  ON by_service.project_id = task.project_id AND by_service.service = task.service
  AND by_service.kind = task.kind AND by_service.dimension = 'service' AND by_service.value = ''
JOIN series AS by_name
  ON by_name.project_id = task.project_id AND by_name.service = task.service
  AND by_name.kind = task.kind AND by_name.dimension = 'name' AND by_name.value = task.name
JOIN series AS by_instance
  ON by_instance.project_id = task.project_id AND by_instance.service = task.service
  AND by_instance.kind = task.kind AND by_instance.dimension = 'instance' AND by_instance.value = task.instance_id
ORDER BY task.rowid;

-- Every first line so far is one that its task can tell.
DELETE FROM task_history WHERE revision = 1;

DROP TABLE task;
ALTER TABLE new_task RENAME TO task;

-- The indexes of the lists. In each, one value for every column before created_at_ms makes a range in the lists' order.
-- The status at the end lets a part of a block be counted in the index alone. There is none for a whole project: its
-- list is the merge of its services and kinds, and every index slows ingest.

-- GET /v3/{project_id}/jobs and /tasklist of every service, GET /v1/{project_id}/tasks.
CREATE INDEX task_by_service ON task (service_series, created_at_ms, id, status);

-- The same with ?name=, and the distinct names of tasklist's `actions`.
CREATE INDEX task_by_name ON task (name_series, created_at_ms, id, status);

-- The same with ?instance_id=.
CREATE INDEX task_by_instance ON task (instance_series, created_at_ms, id, status);

-- The same with ?order_id=. Few tasks have an order, and an order has few tasks: they are counted one by one.
CREATE INDEX task_by_order ON task (service_series, order_id, created_at_ms, id, status)
WHERE order_id <> '';

-- GET /v3/{project_id}/schedule-tasks?instance_name=. Few tasks are scheduled.
CREATE INDEX task_by_scheduled_instance_name ON task (service_series, instance_name, created_at_ms, id, status)
WHERE kind = 'scheduled';

-- The sweep's question for tasks that silence makes fail now. Few tasks ask for that.
CREATE INDEX task_by_failure_time ON task (project_id, fails_at_ms, id)
WHERE fails_at_ms IS NOT NULL;
