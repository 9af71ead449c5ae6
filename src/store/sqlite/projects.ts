import type { DatabaseSync } from "node:sqlite";
import { projectHasTasks } from "../identity-refusals.ts";
import type { IdentityStore, Project, ProjectChange, Reference } from "../store.ts";
import { prepareDirectory } from "./directory.ts";
import type { Revocations } from "./expiring.ts";
import { prepare } from "./statements.ts";

type ProjectRow = readonly [
  id: string,
  name: string,
  domainId: string,
  domainName: string,
  description: string,
  enabled: number,
];

const selectProject = `SELECT project.id, project.name, domain.id, domain.name, project.description, project.enabled
  FROM project JOIN domain ON domain.id = project.domain_id`;

/** Prepares the statements on projects. */
export function prepareProjects(database: DatabaseSync, revocations: Revocations) {
  const directory = prepareDirectory<ProjectRow>(database, {
    kind: "project",
    table: "project",
    select: selectProject,
  });
  const ofUser = prepare<ProjectRow>(
    database,
    `${selectProject}
     WHERE project.enabled = 1 AND project.id IN (SELECT project_id FROM project_role WHERE user_id = ?)
     ORDER BY project.name, project.id`,
  );
  const ids = prepare<[id: string]>(database, "SELECT id FROM project ORDER BY id");
  const insert = prepare(
    database,
    "INSERT INTO project (id, domain_id, name, description, enabled) VALUES (?, ?, ?, ?, ?)",
  );
  const replace = prepare(
    database,
    "UPDATE project SET name = ?2, description = ?3, enabled = ?4 WHERE id = ?1",
  );
  const remove = prepare(database, "DELETE FROM project WHERE id = ?");
  const anyTask = prepare(database, "SELECT 1 FROM task WHERE project_id = ? LIMIT 1");
  const rememberDeleted = prepare(database, "INSERT INTO deleted_project (id) VALUES (?)");
  const deletedIds = prepare<[id: string]>(database, "SELECT id FROM deleted_project ORDER BY id");
  const lastOfNextKeys = prepare<[lastKey: string | null]>(
    database,
    `SELECT max(idempotency_key) FROM (
       SELECT idempotency_key FROM remembered_creation
       WHERE project_id = ?1 AND idempotency_key > ?2 AND EXISTS (SELECT 1 FROM deleted_project WHERE id = ?1)
       ORDER BY idempotency_key LIMIT ?3 + 0
     )`,
  );
  const forgetKeys = prepare(
    database,
    "DELETE FROM remembered_creation WHERE project_id = ? AND idempotency_key > ? AND idempotency_key <= ?",
  );

  function find(reference: Reference): Project | undefined {
    const row = directory.find(reference);
    return row && projectOfRow(row);
  }

  return {
    find,

    list: (query: Parameters<IdentityStore["listProjects"]>[0]): readonly Project[] =>
      directory.list(query).map(projectOfRow),

    listOfUser: (userId: string): readonly Project[] => ofUser.all(userId).map(projectOfRow),

    listIds: (): readonly string[] => ids.all().map(([id]) => id),

    create(project: Project): void {
      directory.requireFreeName(project);
      const { id, domain, name, description, enabled } = project;
      insert.run(id, domain.id, name, description, Number(enabled));
    },

    update(id: string, change: ProjectChange): Project | undefined {
      const current = find({ id });
      if (current === undefined) return undefined;
      const changed: Project = {
        ...current,
        name: change.name ?? current.name,
        description: change.description ?? current.description,
        enabled: change.enabled ?? current.enabled,
      };
      directory.requireFreeName(changed);
      replace.run(id, changed.name, changed.description, Number(changed.enabled));
      // Also of a project that was disabled: a login that was under way then may have recorded a token since.
      if (!current.enabled || !changed.enabled) revocations.ofProject(id);
      return changed;
    },

    /**
     * Deletes a project without tasks; the roles, tokens and temporary access keys in it go along. The keys of deleted
     * tasks are forgotten later: they may be many, and stand for nothing in a project that takes no more tasks.
     */
    delete(id: string): boolean {
      if (remove.run(id).changes === 0) return false;
      if (anyTask.get(id) !== undefined) throw projectHasTasks();
      rememberDeleted.run(id);
      return true;
    },

    listDeletedIds: (): readonly string[] => deletedIds.all().map(([id]) => id),

    forgetCreations(keys: Parameters<IdentityStore["forgetCreations"]>[0]): string | undefined {
      const { projectId, after, limit } = keys;
      const [lastKey] = lastOfNextKeys.get(projectId, after, limit) ?? [null];
      if (lastKey === null) return undefined;
      forgetKeys.run(projectId, after, lastKey);
      return lastKey;
    },
  };
}

function projectOfRow([id, name, domainId, domainName, description, enabled]: ProjectRow): Project {
  return { id, name, domain: { id: domainId, name: domainName }, description, enabled: enabled === 1 };
}
