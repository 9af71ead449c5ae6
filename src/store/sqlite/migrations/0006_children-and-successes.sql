-- Children of a task, and when what last succeeded.

-- GET /v1/{project_id}/tasks?parent_id=. Few tasks have a parent, and a parent has few children, of any service: they are
-- counted one by one.
CREATE INDEX task_by_parent ON task (project_id, parent_id, created_at_ms, id, status)
WHERE parent_id IS NOT NULL;

-- The last success of each name on each instance, which is the first entry of its range: from one to the next, the others
-- are jumped over.
CREATE INDEX task_by_success ON task (service_series, name, instance_id, ended_at_ms DESC, id DESC)
WHERE status = 'Completed';
