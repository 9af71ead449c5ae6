/**
 * What servers have acknowledged to many clients, and whether that is what stands in the end: all of it, each once, and
 * beside it nothing but what nobody knows. Every creation has a word of its own as its order id, and every report one as
 * its message, so that what stands tells whose it is.
 */

/** What its clients know of a request: it was carried out, it was refused, or no answer came. */
export type Fate = "done" | "refused" | "perhaps";

export interface MadeCreation {
  readonly word: string;
  readonly projectId: string;
  /** Undefined where the server gives the id, and its answer was lost. */
  readonly id: string | undefined;
  readonly fate: Fate;
}

export interface MadeReport {
  readonly word: string;
  readonly projectId: string;
  readonly id: string;
  readonly fate: Fate;
  /** The task's revision, by the answer. */
  readonly revision: number | undefined;
}

export interface MadeDeletion {
  readonly projectId: string;
  readonly id: string;
  readonly fate: Fate;
}

/** All that was asked. */
export interface Acknowledged {
  readonly creations: MadeCreation[];
  readonly reports: MadeReport[];
  readonly deletions: MadeDeletion[];
}

/** A task as our own API tells it, as far as it matters here. */
export interface FoundTask {
  readonly task: {
    readonly id: string;
    readonly project_id: string;
    readonly order_id: string;
    readonly status: string;
    readonly progress: number | null;
    readonly revision: number;
  };
  readonly history: readonly FoundLine[];
}

interface FoundLine {
  readonly revision: number;
  readonly message: string;
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
}

export function nothingAcknowledged(): Acknowledged {
  return { creations: [], reports: [], deletions: [] };
}

/** Holds all tasks that are there against what was acknowledged; answers in words what is wrong. */
export function judge(acknowledged: Acknowledged, found: readonly FoundTask[]): readonly string[] {
  return [
    ...judgeCreations(acknowledged, found),
    ...judgeReports(acknowledged, found),
    ...found.flatMap(judgeHistory),
  ];
}

const keyOf = (task: { readonly projectId: string; readonly id: string }): string =>
  `${task.projectId}/${task.id}`;
const keyOfFound = ({ task }: FoundTask): string => keyOf({ projectId: task.project_id, id: task.id });

function judgeCreations(
  { creations, deletions }: Acknowledged,
  found: readonly FoundTask[],
): readonly string[] {
  const findings: string[] = [];
  const deleted = new Map(deletions.map((deletion) => [keyOf(deletion), deletion.fate]));
  const byWord = Map.groupBy(found, ({ task }) => `${task.project_id}: ${task.order_id}`);
  for (const { word, projectId, id, fate } of creations) {
    const asked = `${projectId}: ${word}`;
    const standing = byWord.get(asked) ?? [];
    byWord.delete(asked);
    const said = `creation ${word} (${fate})`;
    if (standing.length > 1) findings.push(`${said} made ${standing.length} tasks`);
    const [task] = standing;
    const deletion = id === undefined ? undefined : deleted.get(keyOf({ projectId, id }));
    if (task === undefined) {
      if (fate === "done" && deletion !== "done" && deletion !== "perhaps") findings.push(`${said} is lost`);
      continue;
    }
    if (fate === "refused") findings.push(`${said} made a task`);
    if (deletion === "done") findings.push(`${said} is there though it was deleted`);
    if (id !== undefined && keyOfFound(task) !== keyOf({ projectId, id })) {
      findings.push(`${said} made another task, ${keyOfFound(task)}`);
    }
  }
  for (const word of byWord.keys()) findings.push(`nobody has asked for the creation ${word}`);
  return findings;
}

function judgeReports({ reports }: Acknowledged, found: readonly FoundTask[]): readonly string[] {
  const findings: string[] = [];
  const byTask = Map.groupBy(reports, keyOf);
  for (const task of found) {
    const [, ...lines] = task.history;
    const byWord = Map.groupBy(lines, ({ message }) => message);
    for (const { word, fate, revision } of byTask.get(keyOfFound(task)) ?? []) {
      const standing = byWord.get(word) ?? [];
      byWord.delete(word);
      const said = `report ${word} (${fate})`;
      if (standing.length > 1) findings.push(`${said} was applied ${standing.length} times`);
      if (standing.length > 0 && fate === "refused") findings.push(`${said} was applied`);
      if (fate !== "done") continue;
      if (standing.length === 0) findings.push(`${said} is lost`);
      else if (standing[0]?.revision !== revision) {
        findings.push(`${said} made revision ${standing[0]?.revision} and not ${revision}`);
      }
    }
    for (const word of byWord.keys()) findings.push(`nobody has made the report ${JSON.stringify(word)}`);
  }
  return findings;
}

/** Every line goes on where the one before has ended, and the task stands as the last one says. */
function judgeHistory({ task, history }: FoundTask): readonly string[] {
  const findings: string[] = [];
  const standing: Record<string, unknown> = { status: null };
  for (const [index, { revision, changes }] of history.entries()) {
    if (revision !== index + 1)
      findings.push(`task ${task.id} has line ${index + 1} for revision ${revision}`);
    for (const field of ["status", "progress"]) {
      const change = changes[field];
      if (change === undefined) continue;
      // A creation's line does not tell its progress.
      if (field in standing && standing[field] !== change.from) {
        findings.push(
          `task ${task.id} was ${standing[field]} before its revision ${revision}, not ${change.from}`,
        );
      }
      standing[field] = change.to;
    }
  }
  if (task.revision !== history.length) {
    findings.push(`task ${task.id} has revision ${task.revision} and ${history.length} lines`);
  }
  for (const field of ["status", "progress"] as const) {
    if (field in standing && standing[field] !== task[field]) {
      findings.push(`task ${task.id} has ${field} ${task[field]} and not ${standing[field]}`);
    }
  }
  return findings;
}
