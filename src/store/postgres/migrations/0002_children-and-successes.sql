-- Compatible from step 1.
--
-- Children of a task, and when what last succeeded. Both indexes are built by hand before where `task` is large:
-- docs/operations/upgrade.md says how.

-- GET /v1/{project_id}/tasks?parent_id=. Few tasks have a parent, and a parent has few children, of any service.
CREATE INDEX IF NOT EXISTS task_by_parent ON task (project_id, parent_id, created_at_ms, id)
WHERE parent_id IS NOT NULL;

-- The last success of each name on each instance, which is the first entry of its range: from one to the next, the others
-- are jumped over.
CREATE INDEX IF NOT EXISTS task_by_success
ON task (project_id, service, name, instance_id, ended_at_ms DESC, id DESC)
WHERE status = 'Completed';
