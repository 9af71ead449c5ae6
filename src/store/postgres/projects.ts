import { nameIsTaken, projectHasTasks } from "../identity-refusals.ts";
import type { IdentityStore, Project, ProjectChange, Reference } from "../store.ts";
import { createDirectory } from "./directory.ts";
import { domainObject } from "./domains.ts";
import { revokeOfProject } from "./expiring.ts";
import { type Query, statement } from "./session.ts";

/** A project as the database makes it of a row and the row of the project's domain. */
export function projectObject(domain: string): string {
  return `json_build_object('id', project.id, 'name', project.name, 'domain', ${domainObject(domain)},
    'description', project.description, 'enabled', project.enabled)`;
}

type ProjectRow = readonly [project: Project];

const select = `SELECT ${projectObject("domain")} FROM project JOIN domain ON domain.id = project.domain_id`;

const directory = createDirectory<ProjectRow>({ table: "project", select });

const ofUser = statement<ProjectRow>(
  `${select}
   WHERE project.enabled AND project.id IN (SELECT project_id FROM project_role WHERE user_id = $1)
   ORDER BY project.name, project.id`,
);
const ids = statement<[id: string]>("SELECT id FROM project ORDER BY id");
const insert = statement<[id: string]>(
  `INSERT INTO project (id, domain_id, name, description, enabled) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (domain_id, name) DO NOTHING RETURNING id`,
);
/** Changes what is not null, unless the name is another project's. */
const update = statement<ProjectRow>(
  `UPDATE project SET name = coalesce($2, project.name), description = coalesce($3, description),
     enabled = coalesce($4, enabled)
   FROM domain
   WHERE project.id = $1 AND domain.id = project.domain_id AND NOT EXISTS (
     SELECT 1 FROM project AS bearer
     WHERE bearer.domain_id = project.domain_id AND bearer.name = $2 AND bearer.id <> $1
   )
   RETURNING ${projectObject("domain")}`,
);
/** Waits for the creations of tasks that are under way in a project, and lets none begin: they share this lock. */
const lockTasks = statement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
/** In order, so that the database looks into the key: it would read the table where few projects have all the tasks. */
const anyTask = statement<[id: string]>("SELECT id FROM task WHERE project_id = $1 ORDER BY id LIMIT 1");
const remove = statement<[id: string]>("DELETE FROM project WHERE id = $1 RETURNING id");
const rememberDeleted = statement("INSERT INTO deleted_project (id) VALUES ($1)");
const deletedIds = statement<[id: string]>("SELECT id FROM deleted_project ORDER BY id");
/** Looks beyond the key before: what was forgotten stays in the index for a while, and would be gone through each time. */
const forgetNext = statement<[lastKey: string | null]>(
  `WITH forgotten AS (
     DELETE FROM remembered_creation WHERE project_id = $1 AND idempotency_key = ANY (ARRAY(
       SELECT idempotency_key FROM remembered_creation
       WHERE project_id = $1 AND idempotency_key > $2 AND EXISTS (SELECT 1 FROM deleted_project WHERE id = $1)
       ORDER BY idempotency_key LIMIT $3
     ))
     RETURNING idempotency_key
   )
   SELECT max(idempotency_key) FROM forgotten`,
);

export async function findProject(query: Query, reference: Reference): Promise<Project | undefined> {
  return (await directory.find(query, reference))?.[0];
}

export async function listProjects(
  query: Query,
  filter: Parameters<IdentityStore["listProjects"]>[0],
): Promise<readonly Project[]> {
  return (await directory.list(query, filter)).map(([project]) => project);
}

export async function listProjectsOfUser(query: Query, userId: string): Promise<readonly Project[]> {
  return (await query(ofUser, [userId])).map(([project]) => project);
}

export async function listProjectIds(query: Query): Promise<readonly string[]> {
  return (await query(ids)).map(([id]) => id);
}

export async function createProject(query: Query, project: Project): Promise<void> {
  const { id, domain, name, description, enabled } = project;
  const { length } = await query(insert, [id, domain.id, name, description, enabled]);
  if (length === 0) throw nameIsTaken("project", name);
}

export async function updateProject(
  query: Query,
  id: string,
  change: ProjectChange,
): Promise<Project | undefined> {
  const { name = null, description = null, enabled = null } = change;
  const [current] = await Promise.all([
    findProject(query, { id }),
    enabled === false ? query(lockTasks, [id]) : undefined,
  ]);
  if (current === undefined) return undefined;
  const [row] = await query(update, [id, name, description, enabled]);
  if (row === undefined) throw nameIsTaken("project", name ?? current.name);
  const [project] = row;
  // Also of a project that was disabled: a login that was under way then may have recorded a token since.
  if (!current.enabled || !project.enabled) await revokeOfProject(query, id);
  return project;
}

/**
 * Deletes a project without tasks; the roles, tokens and temporary access keys in it go along. The keys of deleted tasks
 * are forgotten later: they may be many, and stand for nothing in a project that takes no more tasks.
 */
export async function deleteProject(query: Query, id: string): Promise<boolean> {
  const [, removed, tasks] = await Promise.all([
    query(lockTasks, [id]),
    query(remove, [id]),
    query(anyTask, [id]),
  ]);
  if (removed.length === 0) return false;
  if (tasks.length > 0) throw projectHasTasks();
  await query(rememberDeleted, [id]);
  return true;
}

export async function listDeletedProjectIds(query: Query): Promise<readonly string[]> {
  return (await query(deletedIds)).map(([id]) => id);
}

export async function forgetCreations(
  query: Query,
  { projectId, after, limit }: Parameters<IdentityStore["forgetCreations"]>[0],
): Promise<string | undefined> {
  const [[lastKey] = [null]] = await query(forgetNext, [projectId, after, limit]);
  return lastKey ?? undefined;
}
