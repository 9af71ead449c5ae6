import { TaskCenterError, taskNotFound } from "../../task/error.ts";
import { failsForSilenceAtMs, type TaskChange } from "../../task/report.ts";
import { detailsText, type HistoryEntry, type Task, type TaskKey } from "../../task/task.ts";
import { isSameLine } from "../first-line.ts";
import { entryOfRow, rowOfEntry, rowOfTask, taskColumns, taskOfRow } from "../task-rows.ts";
import { arraysOf } from "./arrays.ts";
import { type CountChangeRow, countChangeColumns, countChangesOf } from "./count-changes.ts";
import { isOfValues, lostAgainstAnother, mayBeDone } from "./error.ts";
import { createGrouping } from "./grouping.ts";
import { inHalves, inParts } from "./parts.ts";
import type { RememberedTasks, SeenTask } from "./remembered-tasks.ts";
import type { Query, Session } from "./session.ts";
import {
  changeColumns,
  lineColumns,
  lockTasks,
  readLine,
  readTasks,
  replaceTasks,
  type SeenRow,
} from "./task-statements.ts";

/** A change that waits for its answer. */
interface Change {
  readonly key: TaskKey;
  readonly decide: (current: Task) => TaskChange;
  readonly resolve: (task: Task) => void;
  readonly refuse: (error: unknown) => void;
}

/** A change that is to be written. */
interface Decision {
  readonly change: Change;
  readonly before: Task;
  readonly after: SeenTask;
  readonly entry: HistoryEntry | undefined;
  readonly counts: readonly CountChangeRow[];
  /** How many characters of the task and its history are written. */
  readonly length: number;
  /** In the order of `changeColumns`. */
  readonly row: readonly (string | number | null)[];
}

/** What has nothing to write: how its caller is told. */
type Told = () => void;

/** A change, and how it was written by a statement of which nobody knows whether it was carried out. */
interface Unsettled {
  readonly change: Change;
  readonly perhaps: Decision | undefined;
}

/** Changes tasks: changes of several that are asked for at once share statements. */
export function createChanges(parts: {
  readonly session: Session;
  readonly remembered: RememberedTasks;
  readonly onCountChanges: (projectId: string, rows: number) => void;
  /** Told how many tasks were written together. */
  readonly onCommit: (changes: number) => void;
}) {
  const { session, remembered, onCountChanges, onCommit } = parts;

  const grouping = createGrouping<Change>({ claimsOf: ({ key }) => [key.id], answer });

  /**
   * Decides on the tasks as they are remembered or read, and writes where they still are so. A refusal, and that there
   * is nothing to write, counts only on a task that was read. Never rejects.
   */
  async function answer(projectId: string, batch: readonly Change[]): Promise<void> {
    const decisions: Decision[] = [];
    const unread: Change[] = [];
    for (const change of batch) {
      const seen = remembered.find(change.key);
      const decided = seen && decisionOn(change, seen);
      if (decided === undefined || typeof decided === "function") unread.push(change);
      else decisions.push(decided);
    }
    if (unread.length > 0) decisions.push(...(await readAndDecide(projectId, unread)));
    for (const part of inParts(decisions, ({ length }) => length)) await write(projectId, part);
  }

  async function readAndDecide(projectId: string, changes: readonly Change[]): Promise<readonly Decision[]> {
    try {
      const rows = await session.query(readTasks, [projectId, changes.map(({ key }) => key.id)]);
      const { decisions, told } = decisionsOn(changes, rows);
      for (const tell of told) tell();
      return decisions;
    } catch (error) {
      for (const { refuse } of changes) refuse(error);
      return [];
    }
  }

  /** Writes decisions where nobody was faster; the others are made again, each on a task that is held. */
  async function write(projectId: string, decisions: readonly Decision[]): Promise<void> {
    let replaced: ReadonlySet<string>;
    try {
      replaced = await replace(session.query, projectId, decisions);
    } catch (error) {
      if (mayBeDone(error)) {
        await settle(
          projectId,
          decisions.map((perhaps) => ({ change: perhaps.change, perhaps })),
        );
      } else if (lostAgainstAnother(error)) {
        await settle(projectId, decisions.map(unwritten));
      } else if (isOfValues(error) && decisions.length > 1) {
        for (const half of inHalves(decisions)) await write(projectId, half);
      } else for (const { change } of decisions) change.refuse(error);
      return;
    }
    finish(
      projectId,
      decisions.filter(({ before }) => replaced.has(before.id)),
    );
    const lost = decisions.filter(({ before }) => !replaced.has(before.id));
    for (const { change } of lost) remembered.share(change.key);
    if (lost.length > 0) await settle(projectId, lost.map(unwritten));
  }

  /** Decides on tasks that are held until that is written: so each has its turn, however many servers want it. */
  async function settle(projectId: string, unsettled: readonly Unsettled[], isLast = false): Promise<void> {
    let decisions: readonly Decision[] = [];
    for (const { change } of unsettled) remembered.forget(change.key);
    try {
      const told = await session.transaction(async (query) => {
        const rows = await query(lockTasks, [projectId, unsettled.map(({ change }) => change.key.id)]);
        const done = await findDone(query, unsettled, rows);
        const open = unsettled.filter((_, index) => done[index] === undefined).map(({ change }) => change);
        const decided = decisionsOn(open, rows);
        decisions = decided.decisions;
        if (decisions.length > 0) {
          const replaced = await replace(query, projectId, decisions);
          if (replaced.size < decisions.length)
            throw new TaskCenterError("internal", "A held task has changed.");
        }
        return [...done.filter((tell) => tell !== undefined), ...decided.told];
      });
      for (const tell of told) tell();
      finish(projectId, decisions);
    } catch (error) {
      if (mayBeDone(error) && !isLast) {
        const perhaps = new Map(decisions.map((decision) => [decision.change, decision]));
        await settle(
          projectId,
          unsettled.map((one) => ({ change: one.change, perhaps: perhaps.get(one.change) ?? one.perhaps })),
          true,
        );
      } else if (isOfValues(error) && unsettled.length > 1) {
        for (const half of inHalves(unsettled)) await settle(projectId, half, isLast);
      } else for (const { change } of unsettled) change.refuse(error);
    }
  }

  function finish(projectId: string, decisions: readonly Decision[]): void {
    onCountChanges(
      projectId,
      decisions.reduce((sum, { counts }) => sum + counts.length, 0),
    );
    onCommit(decisions.length);
    for (const { change, after } of decisions) {
      remembered.remember(after);
      change.resolve(after.task);
    }
  }

  return {
    changeTask: (key: TaskKey, decide: (current: Task) => TaskChange): Promise<Task> =>
      new Promise((resolve, refuse) => {
        grouping.add(key.projectId, { key, decide, resolve, refuse });
      }),
  };
}

function unwritten({ change }: Decision): Unsettled {
  return { change, perhaps: undefined };
}

/** Decides on rows that were read; where there is none, the task is not found. */
function decisionsOn(
  changes: readonly Change[],
  rows: readonly SeenRow[],
): { readonly decisions: readonly Decision[]; readonly told: readonly Told[] } {
  const seen = seenById(rows);
  const decisions: Decision[] = [];
  const told: Told[] = [];
  for (const change of changes) {
    const current = seen.get(change.key.id);
    const decided = current === undefined ? () => change.refuse(taskNotFound()) : decisionOn(change, current);
    if (typeof decided === "function") told.push(decided);
    else decisions.push(decided);
  }
  return { decisions, told };
}

/** Decides on a task as it was seen: what is to be written, or else how to tell that there is nothing. */
function decisionOn(change: Change, seen: SeenTask): Decision | Told {
  try {
    const decided = change.decide(seen.task);
    return decided.task === seen.task ? () => change.resolve(seen.task) : decisionOf(change, seen, decided);
  } catch (error) {
    return () => change.refuse(error);
  }
}

function decisionOf(change: Change, seen: SeenTask, { task, entry }: TaskChange): Decision {
  const { id, projectId } = change.key;
  if (task.id !== id || task.projectId !== projectId) {
    throw new TaskCenterError("internal", "A change of a task must leave its project and id as they are.");
  }
  const { task: before, creation } = seen;
  const isKept = { details: task.details === before.details, labels: task.labels === before.labels };
  // What is kept is not made a text either.
  const [, ...own] = rowOfTask(isKept.details ? { ...task, details: {} } : task);
  const kept = own.map((value, index) => {
    const column = taskColumns[index + 1];
    return (column === "details" || column === "labels") && isKept[column] ? null : value;
  });
  const isSmall = isKept.details && isKept.labels;
  const length = isSmall ? seen.length : lengthOfTexts(task);
  return {
    change,
    before,
    after: { task, creation, length },
    entry,
    counts: countChangesOf(before, task),
    length: (isSmall ? 0 : length) + (entry === undefined ? 0 : JSON.stringify(entry.changes).length),
    row: [
      ...kept,
      failsForSilenceAtMs(task),
      creation.digest,
      creation.acceptedAtMs,
      before.revision,
      before.heardAtMs,
    ],
  };
}

/** Writes decisions where their tasks still are as they were seen; answers the ids of those. */
async function replace(
  query: Query,
  projectId: string,
  decisions: readonly Decision[],
): Promise<ReadonlySet<string>> {
  const ordered = decisions.toSorted((a, b) => (a.before.id < b.before.id ? -1 : 1));
  const rows = await query(replaceTasks, [
    projectId,
    ...arraysOf(
      changeColumns,
      ordered.map(({ row }) => row),
    ),
    ...arraysOf(
      lineColumns,
      ordered.flatMap(({ before, entry }) =>
        entry === undefined ? [] : [[before.id, ...rowOfEntry(entry)]],
      ),
    ),
    ...arraysOf(
      countChangeColumns,
      ordered.flatMap(({ counts }) => counts),
    ),
  ]);
  return new Set(rows.map(([id]) => id));
}

/** Which of the changes that may have been written were so, as tasks that are held and their histories tell. */
function findDone(
  query: Query,
  unsettled: readonly Unsettled[],
  rows: readonly SeenRow[],
): Promise<readonly (Told | undefined)[]> {
  const seen = seenById(rows);
  return Promise.all(
    unsettled.map(async ({ change, perhaps }) => {
      const current = seen.get(change.key.id)?.task;
      if (perhaps === undefined || current === undefined) return undefined;
      const { task } = perhaps.after;
      const isDone =
        JSON.stringify(rowOfTask(current)) === JSON.stringify(rowOfTask(task)) ||
        (current.revision > perhaps.before.revision && (await hasLine(query, change.key, perhaps.entry)));
      return isDone ? () => change.resolve(task) : undefined;
    }),
  );
}

async function hasLine(
  query: Query,
  { projectId, id }: TaskKey,
  entry: HistoryEntry | undefined,
): Promise<boolean> {
  if (entry === undefined) return false;
  const [row] = await query(readLine, [projectId, id, entry.revision]);
  return row !== undefined && isSameLine(entryOfRow(row), entry);
}

function seenById(rows: readonly SeenRow[]): ReadonlyMap<string, SeenTask> {
  return new Map(
    rows.map(([digest, acceptedAtMs, ...row]) => {
      const task = taskOfRow(row);
      return [task.id, { task, creation: { digest, acceptedAtMs }, length: lengthOfTexts(task) }];
    }),
  );
}

function lengthOfTexts(task: Task): number {
  return detailsText(task).length + JSON.stringify(task.labels).length;
}
