-- What administrators look after: what is known of users and projects beside their names, and access keys. A store from
-- before has enabled projects, no descriptions, and tokens of a scope that was asked for.

ALTER TABLE project ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE project ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1; -- 0 or 1

-- Which projects there were: a task that comes too late for one is refused.
CREATE TABLE deleted_project (
  id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

ALTER TABLE user_account ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE user_account ADD COLUMN email TEXT NOT NULL DEFAULT '';

ALTER TABLE token ADD COLUMN unscoped INTEGER NOT NULL DEFAULT 0; -- 0 or 1

CREATE TABLE access_key (
  access TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  sealed_secret TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- What limits a temporary key: all null for one that stays.
  security_token_hash TEXT,
  expires_at_ms INTEGER,
  project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
  domain_id TEXT REFERENCES domain (id) ON DELETE CASCADE,
  made_with TEXT, -- the hash of a token, or an access key
  CHECK ((security_token_hash IS NULL) = (expires_at_ms IS NULL)),
  CHECK ((made_with IS NULL) = (expires_at_ms IS NULL)),
  -- A temporary key has exactly one scope, and one that stays has none.
  CHECK ((project_id IS NOT NULL) + (domain_id IS NOT NULL) = (expires_at_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;

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

-- The tokens that a user, a password or a role takes along.
CREATE INDEX token_by_user ON token (user_id);

-- The tokens that a project takes along.
CREATE INDEX token_by_project ON token (project_id)
WHERE project_id IS NOT NULL;

-- Who has a role in a project: the list of its roles, and what goes when it is deleted.
CREATE INDEX project_role_by_project ON project_role (project_id);

-- Who has a role in a domain, and whether an administrator is among them.
CREATE INDEX domain_role_by_domain ON domain_role (domain_id, role);
