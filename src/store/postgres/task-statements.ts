import { type HistoryRow, historyColumns, type TaskColumn, type TaskRow, taskColumns } from "../task-rows.ts";
import { namesOf, rowsFrom, type TypedColumn } from "./arrays.ts";
import { countChangeColumns } from "./count-changes.ts";
import { statement } from "./session.ts";

/** The columns that are not text. */
const typesOfNumbers: Partial<Record<TaskColumn, string>> = {
  progress_percent: "double precision",
  created_at_ms: "bigint",
  started_at_ms: "bigint",
  updated_at_ms: "bigint",
  ended_at_ms: "bigint",
  planned_start_at_ms: "bigint",
  planned_end_at_ms: "bigint",
  priority: "integer",
  attempt: "bigint",
  lease_seconds: "integer",
  heard_at_ms: "bigint",
  revision: "bigint",
};

/** What a task's row holds beside its project, in the order of `TaskRow`, and what follows from it. */
const ownColumns: readonly TypedColumn[] = [
  ...taskColumns
    .filter((column) => column !== "project_id")
    .map((column) => [column, typesOfNumbers[column] ?? "text"] as const),
  ["fails_at_ms", "bigint"],
];

/** What the row of a new task holds. */
const insertedColumns: readonly TypedColumn[] = [
  ...ownColumns,
  ["creation_digest", "text"],
  ["accepted_at_ms", "bigint"],
  ["first_status", "text"],
];

/** What is known of a creation. */
export const creationColumns: readonly TypedColumn[] = [
  ...insertedColumns,
  ["is_made", "boolean"], // false where there is no task to insert, and only id and key matter
  ["idempotency_key", "text"],
];

/** What is known of a change: which task, as it was seen, becomes what. */
export const changeColumns: readonly TypedColumn[] = [
  ...ownColumns,
  ["seen_digest", "text"],
  ["seen_accepted_at_ms", "bigint"],
  ["seen_revision", "bigint"],
  ["seen_heard_at_ms", "bigint"],
];

/** A line of history with the task that it belongs to. */
export const lineColumns: readonly TypedColumn[] = [
  ["task_id", "text"],
  ["revision", "bigint"],
  ["at_ms", "bigint"],
  ["reported_at_ms", "bigint"],
  ["author", "text"],
  ["message", "text"],
  ["changes", "text"],
];

/** What is null in a change stays as it is: so that a large text is not written anew with every report. */
const keptColumns: readonly string[] = ["details", "labels"] satisfies readonly TaskColumn[];

/** Held by creations until their end, while a project is open: nobody closes it meanwhile. */
export const lockOpenProject = statement("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))");

export const readClosedProject = statement<[one: number]>(
  `SELECT 1 FROM project WHERE id = $1 AND NOT enabled
   UNION ALL SELECT 1 FROM deleted_project WHERE id = $1`,
);

const firstLineOfCreation = 2 + creationColumns.length;
const usedAtOfCreation = firstLineOfCreation + lineColumns.length;

/**
 * Records the creations whose keys and ids are free, and answers those keys and ids. Bound to the project, the arrays of
 * the creations, those of the lines of their histories, the time, and the time before which a key's first use is
 * forgotten. Keys, then ids, are taken in their order, so that two servers never wait for each other in turn.
 */
export const insertTasks = statement<[taken: string, isKey: boolean]>(
  `WITH creation AS MATERIALIZED (
     SELECT * FROM ${rowsFrom("creation", creationColumns, 2)}
   ), claimed AS (
     INSERT INTO remembered_creation
       (project_id, idempotency_key, used_at_ms, task_id, digest, accepted_at_ms, created_by)
     SELECT $1, idempotency_key, $${usedAtOfCreation}, id, creation_digest, accepted_at_ms, created_by FROM creation
     WHERE idempotency_key IS NOT NULL ORDER BY idempotency_key
     ON CONFLICT (project_id, idempotency_key) DO UPDATE
     SET used_at_ms = excluded.used_at_ms, task_id = excluded.task_id, digest = excluded.digest,
       accepted_at_ms = excluded.accepted_at_ms, created_by = excluded.created_by
     WHERE remembered_creation.used_at_ms <= $${usedAtOfCreation + 1}
     RETURNING idempotency_key
   ), inserted AS (
     INSERT INTO task (project_id, ${namesOf(insertedColumns).join(", ")})
     SELECT $1, ${namesOf(insertedColumns).join(", ")} FROM creation
     WHERE is_made AND (idempotency_key IS NULL OR idempotency_key IN (SELECT idempotency_key FROM claimed))
     ORDER BY id
     ON CONFLICT (project_id, id) DO NOTHING
     RETURNING id, service, kind, name, instance_id, created_at_ms, status
   ), lines AS (
     INSERT INTO task_history (project_id, ${namesOf(lineColumns).join(", ")})
     SELECT $1, line.* FROM ${rowsFrom("line", lineColumns, firstLineOfCreation)}
     JOIN inserted ON inserted.id = line.task_id
   ), counts AS (
     INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, to_status)
     SELECT $1, service, kind, name, instance_id, created_at_ms, id, status FROM inserted
   )
   SELECT id, false FROM inserted UNION ALL SELECT idempotency_key, true FROM claimed`,
);

const firstLineOfChange = 2 + changeColumns.length;
const firstCountOfChange = firstLineOfChange + lineColumns.length;
const assignments = namesOf(ownColumns)
  .filter((column) => column !== "id")
  .map((column) =>
    keptColumns.includes(column)
      ? `${column} = coalesce(change.${column}, task.${column})`
      : `${column} = change.${column}`,
  );

/**
 * Replaces the tasks that still are as they were seen, and answers their ids. Bound to the project, the arrays of the
 * changes in the order of their ids, those of their lines of history, and of what they mean to the counts.
 *
 * What is recognised is the very task that was seen. Its id may have been deleted and created again since, and an import
 * brings its revision and its times with it: so its creation is compared, by what recognises creations everywhere. That
 * holds after a restore or a failover, too, after which the database gives the same transaction ids (xmin) out again. A
 * heartbeat moves no revision, so when the task was heard of is compared beside it. Each row is looked up by itself, in the
 * order given, for two reasons: two servers never wait for each other in turn, and no statistics make the planner read
 * a whole table instead (no id is '', but the planner, which does not know, expects few rows then).
 */
export const replaceTasks = statement<[id: string]>(
  `WITH change AS MATERIALIZED (
     SELECT * FROM ${rowsFrom("change", changeColumns, 2)}
   ), replaced AS (
     UPDATE task SET ${assignments.join(", ")}
     FROM (SELECT * FROM change WHERE id = coalesce(id, '')) AS change CROSS JOIN LATERAL (
       SELECT ctid AS place FROM task AS standing
       WHERE standing.project_id = $1 AND standing.id = change.id LIMIT 1
     ) AS standing
     WHERE task.ctid = standing.place AND task.project_id = $1 AND task.id = change.id
       AND task.creation_digest = change.seen_digest AND task.accepted_at_ms = change.seen_accepted_at_ms
       AND task.revision = change.seen_revision AND task.heard_at_ms = change.seen_heard_at_ms
     RETURNING task.id
   ), lines AS (
     INSERT INTO task_history (project_id, ${namesOf(lineColumns).join(", ")})
     SELECT $1, line.* FROM ${rowsFrom("line", lineColumns, firstLineOfChange)}
     JOIN replaced ON replaced.id = line.task_id
   ), counts AS (
     INSERT INTO count_change (project_id, ${namesOf(countChangeColumns).join(", ")})
     SELECT $1, count_change.* FROM ${rowsFrom("count_change", countChangeColumns, firstCountOfChange)}
     JOIN replaced ON replaced.id = count_change.task_id
   )
   SELECT id FROM replaced`,
);

/** What recognises a task's creation, and its row. */
export type SeenRow = readonly [digest: string, acceptedAtMs: number, ...row: TaskRow];
const seenColumns = ["creation_digest", "accepted_at_ms", ...taskColumns].join(", ");

export const readTasks = statement<SeenRow>(
  `SELECT ${seenColumns} FROM task WHERE project_id = $1 AND id = ANY ($2::text[])`,
);

/** As they stand when nobody else is changing them any more; nobody does until the transaction ends. */
export const lockTasks = statement<SeenRow>(
  `SELECT ${seenColumns} FROM task WHERE project_id = $1 AND id = ANY ($2::text[])
   ORDER BY id FOR NO KEY UPDATE`,
);

/** What recognises the creations of tasks. */
export const readReceipts = statement<
  [taskId: string, digest: string, acceptedAtMs: number, createdBy: string]
>(
  `SELECT id, creation_digest, accepted_at_ms, created_by FROM task
   WHERE project_id = $1 AND id = ANY ($2::text[])`,
);

/**
 * Makes the commit wait for the synchronous standbys although nothing is changed: it waits only where its transaction
 * wrote something. For answers that rest on what somebody's commit left, which may have got no further than this server
 * when its connection broke: a failover would undo what is acknowledged so.
 */
export const waitForStandbys = statement("SELECT pg_logical_emit_message(TRUE, 'taskcenter', '')");

/** Deletes tasks, with their histories; answers how many. */
export const deleteTasks = statement<[deleted: number]>(deletion("TRUE"));

/** Deletes those of the tasks that ended before a time. */
export const deleteEndedTasks = statement<[deleted: number]>(deletion("ended_at_ms < $3"));

export const readOverdueIds = statement<[id: string]>(
  "SELECT id FROM task WHERE project_id = $1 AND fails_at_ms < $2 ORDER BY fails_at_ms, id LIMIT $3",
);

/** What a task's row tells of its first line, with the lines that are stored, if there are any. */
export const readHistory = statement<
  [
    atMs: number,
    reportedAtMs: number,
    by: string,
    firstStatus: string | null,
    ...(HistoryRow | readonly [null, ...null[]]),
  ]
>(
  `SELECT task.accepted_at_ms, task.created_at_ms, task.created_by, task.first_status, line.*
   FROM task LEFT JOIN LATERAL (
     SELECT ${historyColumns.join(", ")} FROM task_history
     WHERE project_id = $1 AND task_id = $2 AND revision > $3 ORDER BY revision LIMIT $4
   ) AS line ON TRUE
   WHERE task.project_id = $1 AND task.id = $2 ORDER BY line.revision`,
);

export const readLine = statement<HistoryRow>(
  `SELECT ${historyColumns.join(", ")} FROM task_history
   WHERE project_id = $1 AND task_id = $2 AND revision = $3`,
);

/** In the order of their ids, like every change. */
function deletion(condition: string): string {
  return `WITH doomed AS MATERIALIZED (
     SELECT id FROM task WHERE project_id = $1 AND id = ANY ($2::text[]) AND ${condition} ORDER BY id FOR UPDATE
   ), deleted AS (
     DELETE FROM task WHERE project_id = $1 AND id = ANY (ARRAY(SELECT id FROM doomed)) AND ${condition}
     RETURNING id, service, kind, name, instance_id, created_at_ms, status
   ), counts AS (
     INSERT INTO count_change (project_id, service, kind, name, instance_id, created_at_ms, task_id, from_status)
     SELECT $1, service, kind, name, instance_id, created_at_ms, id, status FROM deleted
   )
   SELECT count(*) FROM deleted`;
}
