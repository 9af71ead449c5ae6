-- Users, projects, roles and tokens, each keyed by its own id. Whoever deletes one of them deletes what hangs on it.

CREATE TABLE domain (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE project (
  id TEXT NOT NULL PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  UNIQUE (domain_id, name)
) STRICT;

CREATE TABLE user_account (
  id TEXT NOT NULL PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL, -- 0 or 1
  password_hash TEXT NOT NULL,
  UNIQUE (domain_id, name)
) STRICT;

CREATE TABLE project_role (
  user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  PRIMARY KEY (user_id, project_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE domain_role (
  user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  domain_id TEXT NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  PRIMARY KEY (user_id, domain_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
  domain_id TEXT REFERENCES domain (id) ON DELETE CASCADE,
  methods TEXT NOT NULL, -- a JSON array
  issued_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  CHECK ((project_id IS NULL) <> (domain_id IS NULL)) -- a token has exactly one scope
) STRICT, WITHOUT ROWID;

-- Forgetting the tokens that expired first, a few with every new one.
CREATE INDEX token_by_expiry ON token (expires_at_ms);
