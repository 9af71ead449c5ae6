-- GET /v3/{project_id}/schedule-tasks?instance_name=. No other call asks by an instance's name, and few tasks are
-- scheduled, so the others are left out.
CREATE INDEX task_by_scheduled_instance_name
ON task (project_id, service, kind, instance_name, created_at_ms, id, status)
WHERE kind = 'scheduled';
