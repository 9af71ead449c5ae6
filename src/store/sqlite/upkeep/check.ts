import type { DatabaseSync } from "node:sqlite";
import { TaskCenterError } from "../../../task/error.ts";
import { type CheckEvent, maxFindings } from "../../checks.ts";
import { prepare } from "../statements.ts";
import { wrongCounts } from "./counts.ts";
import { faultsOfPages } from "./pages.ts";
import { faultsOfSchema } from "./schema.ts";
import { openSnapshot } from "./snapshot.ts";
import { troubleWith } from "./trouble.ts";

/** What is checked, in this order. */
export const checks = ["pages", "schema", "references", "counts"] as const;
export type Check = (typeof checks)[number];

type FindFaults = (store: DatabaseSync, tellPercent: (percent: number) => void) => Iterable<string>;

const findFaults = {
  pages: (store) => faultsOfPages(store, "integrity_check"),
  schema: otherSchema,
  references: brokenReferences,
  counts: wrongCounts,
} as const satisfies Record<Check, FindFaults>;

/**
 * Checks a store as it is at one moment, while a server may be writing to it, and tells of every check how far it is
 * and what it has found. Where the schema is not ours, that is the last one: the others would fail for want of it. Done
 * in a thread of its own: a single statement may take minutes.
 *
 * @throws TaskCenterError where the file cannot be read at all.
 */
export function checkStore(
  { storePath }: { readonly storePath: string },
  tell: (event: CheckEvent<Check>) => void,
): void {
  const store = open(storePath);
  for (const check of checks) {
    const tellPercent = (percent: number | undefined) => tell({ kind: "progress", check, percent });
    tellPercent(undefined);
    const findings = firstOf(() => findFaults[check](store, tellPercent));
    tell({ kind: "result", result: { check, findings } });
    if (check === "schema" && findings.length > 0) break;
  }
  store.close();
}

function open(storePath: string): DatabaseSync {
  try {
    return openSnapshot(storePath);
  } catch (error) {
    throw troubleWith("The store", error);
  }
}

/** The first findings, and that there are more. What cannot be read is a finding, too. */
function firstOf(find: () => Iterable<string>): readonly string[] {
  const findings: string[] = [];
  try {
    for (const finding of find()) {
      if (findings.length === maxFindings) return [...findings, "there is more"];
      findings.push(finding);
    }
    return findings;
  } catch (cause) {
    const error = troubleWith("the file", cause);
    if (!(error instanceof TaskCenterError)) throw error;
    return [...findings, error.message];
  }
}

/** Tables, indexes and the steps that made them, held against this program's own. */
function* otherSchema(store: DatabaseSync): Generator<string> {
  for (const fault of faultsOfSchema(store)) yield `the file ${fault}`;
}

/** Rows that belong to another one which is not there, and history that the task does not know of. */
function* brokenReferences(store: DatabaseSync): Generator<string> {
  const lost = prepare<[table: string, parent: string, count: number]>(
    store,
    `SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY "table", parent`,
  );
  for (const [table, parent, count] of lost.all()) {
    yield `${count} rows of ${table} belong to rows of ${parent} that are not there`;
  }
  const ahead = prepare<[projectId: string, count: number]>(
    store,
    `SELECT task.project_id, count(*) FROM task NOT INDEXED
     JOIN task_history AS line ON line.project_id = task.project_id AND line.task_id = task.id
     WHERE line.revision > task.revision GROUP BY task.project_id`,
  );
  for (const [projectId, count] of ahead.all()) {
    yield `project ${projectId}: ${count} lines of history are of revisions that their tasks have not reached`;
  }
}
