-- Compatible from step 1.
--
-- Text is compared bytewise (collation "C"), as everywhere in this program. Times are milliseconds since
-- 1970-01-01T00:00:00Z.
--
-- Two kinds of tables. Those of tasks are keyed by project: every primary key and unique index begins with project_id,
-- every statement names one project, and a transaction that writes them touches one. So they distribute by project.
-- Those of users, projects, roles and tokens are few, small, and the same for all.

CREATE TABLE task (
  project_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  progress_percent double precision,
  instance_id text COLLATE "C" NOT NULL,
  instance_name text COLLATE "C" NOT NULL,
  instance_status text COLLATE "C" NOT NULL,
  database_name text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  fail_reason text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  started_at_ms bigint,
  updated_at_ms bigint NOT NULL,
  ended_at_ms bigint,
  planned_start_at_ms bigint,
  planned_end_at_ms bigint,
  priority integer,
  parent_id text COLLATE "C",
  attempt bigint NOT NULL,
  lease_seconds integer,
  on_stale text COLLATE "C" NOT NULL,
  heard_at_ms bigint NOT NULL,
  lost_status text COLLATE "C",
  details text COLLATE "C" NOT NULL, -- a JSON object, kept as it was written
  labels text COLLATE "C" NOT NULL, -- a JSON object
  created_by text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  -- When silence makes the task fail, as the domain says; null where it never does.
  fails_at_ms bigint,
  -- What recognises the same creation when it comes again.
  creation_digest text COLLATE "C" NOT NULL,
  accepted_at_ms bigint NOT NULL,
  -- The status in the first line of its history, where that line says nothing else that the task does not: then the
  -- line is not stored.
  first_status text COLLATE "C"
) WITH (fillfactor = 85); -- room for a report's new version of the row on the same page: then no index is touched

-- The indexes of the lists. In each, one value for every column before created_at_ms makes a range in the lists' order,
-- and a filter is a few such ranges, merged. The status beside them lets a part of a block be counted in the index alone.
CREATE INDEX task_by_service ON task (project_id, service, kind, created_at_ms, id) INCLUDE (status);
CREATE INDEX task_by_name ON task (project_id, service, kind, name, created_at_ms, id) INCLUDE (status);
CREATE INDEX task_by_instance ON task (project_id, service, kind, instance_id, created_at_ms, id) INCLUDE (status);

-- Lists of one status, which may be a rare one.
CREATE INDEX task_by_status ON task (project_id, service, kind, status, created_at_ms, id);

-- Few tasks have an order.
CREATE INDEX task_by_order ON task (project_id, service, kind, order_id, created_at_ms, id)
WHERE order_id <> '';

-- GET /v3/{project_id}/schedule-tasks?instance_name=. Few tasks are scheduled.
CREATE INDEX task_by_scheduled_instance_name ON task (project_id, service, kind, instance_name, created_at_ms, id)
WHERE kind = 'scheduled';

-- The sweep's question for tasks that silence makes fail now. Few tasks ask for that.
CREATE INDEX task_by_failure_time ON task (project_id, fails_at_ms, id)
WHERE fails_at_ms IS NOT NULL;

-- After the other indexes, which end in the id too: while the table is small, a task is found in any of them at the same
-- cost, and of equals the planner takes the youngest. It keeps to that when the table has grown.
ALTER TABLE task ADD PRIMARY KEY (project_id, id);

CREATE TABLE task_history (
  project_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  at_ms bigint NOT NULL,
  reported_at_ms bigint NOT NULL,
  author text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  changes text COLLATE "C" NOT NULL, -- a JSON object
  PRIMARY KEY (project_id, task_id, revision),
  FOREIGN KEY (project_id, task_id) REFERENCES task (project_id, id) ON DELETE CASCADE
);

-- Without a reference to the task: a key outlives it.
CREATE TABLE remembered_creation (
  project_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  used_at_ms bigint NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  accepted_at_ms bigint NOT NULL,
  created_by text COLLATE "C" NOT NULL,
  PRIMARY KEY (project_id, idempotency_key)
);

-- Forgetting the oldest keys, a few with every new one.
CREATE INDEX remembered_creation_by_use ON remembered_creation (project_id, used_at_ms);

-- The nodes of each series' count tree: see src/counts/count-tree.ts. A series is a project's tasks of one service and
-- kind (`dimension` is service), or those among them with one name or on one instance.
CREATE TABLE count_node (
  project_id text COLLATE "C" NOT NULL,
  service text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL, -- service, name, instance
  value text COLLATE "C" NOT NULL, -- the name, or the instance's id; '' for a service
  level integer NOT NULL,
  start_ms bigint NOT NULL,
  start_id text COLLATE "C" NOT NULL,
  tally integer[] NOT NULL, -- in the order of src/task/lifecycle.ts
  PRIMARY KEY (project_id, service, kind, dimension, value, level, start_ms, start_id)
) WITH (fillfactor = 70);

-- What the trees do not know yet: one row for each task that came, went, or changed its status. Whoever writes only
-- appends, so no writer waits for another one's counts; somebody folds the rows into the trees soon. What is true of the
-- tasks is what the trees say and these rows together.
CREATE TABLE count_change (
  project_id text COLLATE "C" NOT NULL,
  change_id uuid NOT NULL DEFAULT gen_random_uuid(),
  service text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  from_status text COLLATE "C", -- null for a task that came
  to_status text COLLATE "C", -- null for a task that went
  PRIMARY KEY (project_id, change_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- A number that changes with every fold of a project's changes into its trees, and never comes again. Trees read at the
-- same number are the same.
CREATE TABLE count_version (
  project_id text COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 50);

-- What all servers on this database must have in common, such as what tells their encryption key.
CREATE TABLE setting (
  name text COLLATE "C" NOT NULL PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);

CREATE TABLE domain (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE project (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  domain_id text COLLATE "C" NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  enabled boolean NOT NULL,
  UNIQUE (domain_id, name)
);

-- Which projects there were: a task that comes too late for one is refused.
CREATE TABLE deleted_project (
  id text COLLATE "C" NOT NULL PRIMARY KEY
);

CREATE TABLE user_account (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  domain_id text COLLATE "C" NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  enabled boolean NOT NULL,
  password_hash text COLLATE "C" NOT NULL,
  UNIQUE (domain_id, name)
);

CREATE TABLE project_role (
  user_id text COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  project_id text COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  role text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, project_id, role)
);

-- Who has a role in a project: the list of its roles, and what goes when it is deleted.
CREATE INDEX project_role_by_project ON project_role (project_id);

CREATE TABLE domain_role (
  user_id text COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  domain_id text COLLATE "C" NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  role text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, domain_id, role)
);

-- Who has a role in a domain, and whether an administrator is among them.
CREATE INDEX domain_role_by_domain ON domain_role (domain_id, role);

CREATE TABLE token (
  hash text COLLATE "C" NOT NULL PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  project_id text COLLATE "C" REFERENCES project (id) ON DELETE CASCADE,
  domain_id text COLLATE "C" REFERENCES domain (id) ON DELETE CASCADE,
  unscoped boolean NOT NULL,
  methods text COLLATE "C" NOT NULL, -- a JSON array
  issued_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  CHECK ((project_id IS NULL) <> (domain_id IS NULL)) -- a token has exactly one scope
);

-- Forgetting the tokens that expired first, a few with every new one.
CREATE INDEX token_by_expiry ON token (expires_at_ms);

-- The tokens that a user, a password or a role takes along.
CREATE INDEX token_by_user ON token (user_id);

-- The tokens that a project takes along.
CREATE INDEX token_by_project ON token (project_id)
WHERE project_id IS NOT NULL;

CREATE TABLE access_key (
  access text COLLATE "C" NOT NULL PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  sealed_secret text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  -- What limits a temporary key: all null for one that stays.
  security_token_hash text COLLATE "C",
  expires_at_ms bigint,
  project_id text COLLATE "C" REFERENCES project (id) ON DELETE CASCADE,
  domain_id text COLLATE "C" REFERENCES domain (id) ON DELETE CASCADE,
  made_with text COLLATE "C", -- the hash of a token, or an access key
  CHECK ((security_token_hash IS NULL) = (expires_at_ms IS NULL)),
  CHECK ((made_with IS NULL) = (expires_at_ms IS NULL)),
  -- A temporary key has exactly one scope, and one that stays has none.
  CHECK ((project_id IS NOT NULL)::integer + (domain_id IS NOT NULL)::integer = (expires_at_ms IS NOT NULL)::integer)
);

-- A user's keys that stay, oldest first; the temporary ones that a user or a role takes along.
CREATE INDEX access_key_by_user ON access_key (user_id, expires_at_ms, created_at_ms, access);

-- The temporary keys that a project takes along.
CREATE INDEX access_key_by_project ON access_key (project_id)
WHERE project_id IS NOT NULL;

-- The temporary keys that a token or a key takes along.
CREATE INDEX access_key_by_origin ON access_key (made_with)
WHERE made_with IS NOT NULL;

-- Forgetting the temporary keys that expired first, a few with every new key; counting those that stay.
CREATE INDEX access_key_by_expiry ON access_key (expires_at_ms);
