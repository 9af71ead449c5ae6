import type { Clock } from "../../task/clock.ts";
import { TaskCenterError } from "../../task/error.ts";
import { failsForSilenceAtMs } from "../../task/report.ts";
import { detailsText, type HistoryEntry, type Task } from "../../task/task.ts";
import { statusOfPlainLine } from "../first-line.ts";
import {
  type CreationReceipt,
  idempotencyKeyLifetimeMs,
  type NewTask,
  type StandingReceipt,
} from "../store.ts";
import { rowOfEntry, rowOfTask } from "../task-rows.ts";
import { arraysOf } from "./arrays.ts";
import { isOfValues, mayBeDone, storeUnavailable } from "./error.ts";
import { createGrouping } from "./grouping.ts";
import { inHalves, inParts } from "./parts.ts";
import { forgetSome, readRemembered, rememberFor, unclaim } from "./remembered-creations.ts";
import type { RememberedTasks } from "./remembered-tasks.ts";
import type { Query, Session } from "./session.ts";
import {
  creationColumns,
  insertTasks,
  lineColumns,
  lockOpenProject,
  readClosedProject,
  readReceipts,
  waitForStandbys,
} from "./task-statements.ts";

/** How often a creation is tried whose id or key is taken at first, and free when it is looked at. */
const mostTries = 10;

/** A creation that waits for its answer. */
interface Creation {
  readonly asked: NewTask;
  readonly made: Made | Unmade;
  readonly resolve: (standing: StandingReceipt) => void;
  readonly refuse: (error: unknown) => void;
}

/** What is inserted for a creation. */
interface Made {
  readonly task: Task;
  readonly entries: readonly HistoryEntry[];
  readonly firstStatus: string | null;
  readonly length: number;
}

/** A creation that is not acceptable: of no matter where its key or id is taken. */
interface Unmade {
  readonly refusal: unknown;
}

/** What becomes of a creation; `again` where what stood in its way has gone. */
type Outcome = StandingReceipt | Unmade | "again";

/** Records new tasks: those that are created at once share transactions. */
export function createCreations(parts: {
  readonly session: Session;
  readonly clock: Clock;
  readonly remembered: RememberedTasks;
  readonly onCountChanges: (projectId: string, rows: number) => void;
  /** Told how many tasks a transaction recorded. */
  readonly onCommit: (changes: number) => void;
}) {
  const { session, clock, remembered, onCountChanges, onCommit } = parts;

  const grouping = createGrouping<Creation>({
    claimsOf: ({ asked }) => [
      `id ${asked.receipt.taskId}`,
      ...(asked.idempotencyKey === undefined ? [] : [`key ${asked.idempotencyKey}`]),
    ],
    async answer(projectId, batch) {
      for (const part of inParts(batch, ({ made }) => ("task" in made ? made.length : 0))) {
        await record(projectId, part, { tries: 1, isSentAgain: false });
      }
    },
  });

  /** Records creations in one transaction, and answers them. Never rejects. */
  async function record(
    projectId: string,
    creations: readonly Creation[],
    attempt: { readonly tries: number; readonly isSentAgain: boolean },
  ): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await session.transaction((query) =>
        recordTogether(query, { projectId, creations, nowMs: clock(), isSentAgain: attempt.isSentAgain }),
      );
    } catch (error) {
      if (mayBeDone(error) && !attempt.isSentAgain) {
        await record(projectId, creations, { ...attempt, isSentAgain: true });
      } else if (isOfValues(error) && creations.length > 1) {
        for (const half of inHalves(creations)) await record(projectId, half, attempt);
      } else for (const { refuse } of creations) refuse(error);
      return;
    }
    const again: Creation[] = [];
    let recorded = 0;
    for (const [index, creation] of creations.entries()) {
      const outcome = outcomes[index] ?? "again";
      if (outcome === "again") again.push(creation);
      else if ("refusal" in outcome) creation.refuse(outcome.refusal);
      else {
        const { made } = creation;
        if (outcome.foundBy === "new") {
          recorded += 1;
          // One that was sent again may have been changed since.
          if ("task" in made && !attempt.isSentAgain) {
            const { task, length } = made;
            remembered.remember({ task, creation: outcome.receipt, length });
          }
        }
        creation.resolve(outcome);
      }
    }
    onCountChanges(projectId, recorded);
    onCommit(recorded);
    if (again.length === 0) return;
    if (attempt.tries < mostTries) await record(projectId, again, { ...attempt, tries: attempt.tries + 1 });
    else for (const { refuse } of again) refuse(storeUnavailable("other changes are always faster"));
  }

  return {
    createTask: (asked: NewTask): Promise<StandingReceipt> =>
      new Promise((resolve, refuse) => {
        grouping.add(asked.projectId, { asked, made: madeOf(asked), resolve, refuse });
      }),
  };
}

function madeOf({ make, receipt }: NewTask): Made | Unmade {
  try {
    const { task, history } = make();
    const [first, ...others] = history;
    const firstStatus = first && statusOfPlainLine(first, task, receipt);
    const entries = firstStatus === undefined ? history : others;
    const length = detailsText(task).length + JSON.stringify(task.labels).length;
    return { task, entries, firstStatus: firstStatus ?? null, length };
  } catch (refusal) {
    return { refusal };
  }
}

/**
 * Records creations with different ids and keys, and answers what became of each. Keys are claimed first; one that turns
 * out to have claimed in vain gives its key up again. What was sent again, since nobody knows whether it was recorded,
 * was so where the receipt that stands is its own.
 */
async function recordTogether(
  query: Query,
  batch: {
    readonly projectId: string;
    readonly creations: readonly Creation[];
    readonly nowMs: number;
    readonly isSentAgain: boolean;
  },
): Promise<readonly Outcome[]> {
  const { projectId, creations, nowMs, isSentAgain } = batch;
  const usedBeforeMs = nowMs - idempotencyKeyLifetimeMs;
  const newKeys = creations.filter(({ asked }) => asked.idempotencyKey !== undefined).length;
  // All go to the database at once, which does one after the other.
  const [, closed, taken] = await Promise.all([
    query(lockOpenProject, [projectId]),
    query(readClosedProject, [projectId]),
    query(insertTasks, [
      projectId,
      ...arraysOf(creationColumns, creations.map(rowOf)),
      ...arraysOf(lineColumns, creations.flatMap(lineRowsOf)),
      nowMs,
      usedBeforeMs,
    ]),
    newKeys > 0 ? forgetSome(query, projectId, { newKeys, usedBeforeMs }) : undefined,
  ]);
  if (closed.length > 0) throw new TaskCenterError("forbidden", "The project is closed.");
  const inserted = new Set(taken.filter(([, isKey]) => !isKey).map(([id]) => id));
  const claimed = new Set(taken.filter(([, isKey]) => isKey).map(([key]) => key));

  const late = creations.filter(({ asked }) => !inserted.has(asked.receipt.taskId));
  const keys = late.flatMap(({ asked }) => asked.idempotencyKey ?? []);
  const [byKey, byId] =
    late.length === 0
      ? [new Map<string, CreationReceipt>(), new Map<string, CreationReceipt>()]
      : await Promise.all([
          keys.length > 0 ? readRemembered(query, projectId, keys) : new Map<string, CreationReceipt>(),
          receiptsById(query, projectId, late),
          query(waitForStandbys),
        ]);
  const inVain: string[] = [];
  const corrections: Promise<void>[] = [];
  const outcomes = creations.map(({ asked, made }): Outcome => {
    const { receipt, idempotencyKey: key } = asked;
    if (inserted.has(receipt.taskId)) return { receipt, foundBy: "new" };
    const foundAs = (standing: CreationReceipt, foundBy: "id" | "key"): StandingReceipt => ({
      receipt: standing,
      foundBy: isSentAgain && isSameReceipt(standing, receipt) ? "new" : foundBy,
    });
    if (key !== undefined && !claimed.has(key)) {
      const standing = byKey.get(key);
      return standing === undefined ? "again" : foundAs(standing, "key");
    }
    const standing = byId.get(receipt.taskId);
    if (key !== undefined) {
      if (standing?.digest === receipt.digest) {
        corrections.push(rememberFor(query, { projectId, key }, standing));
      } else inVain.push(key);
    }
    if (standing !== undefined) return foundAs(standing, "id");
    return "refusal" in made ? made : "again";
  });
  if (inVain.length > 0) corrections.push(unclaim(query, projectId, inVain));
  await Promise.all(corrections);
  return outcomes;
}

async function receiptsById(
  query: Query,
  projectId: string,
  creations: readonly Creation[],
): Promise<ReadonlyMap<string, CreationReceipt>> {
  const rows = await query(readReceipts, [projectId, creations.map(({ asked }) => asked.receipt.taskId)]);
  return new Map(
    rows.map(([taskId, digest, acceptedAtMs, createdBy]) => [
      taskId,
      { taskId, digest, acceptedAtMs, createdBy },
    ]),
  );
}

/** In the order of `creationColumns`. */
function rowOf({ asked, made }: Creation): readonly (string | number | boolean | null)[] {
  const { digest, acceptedAtMs, taskId, createdBy } = asked.receipt;
  const key = asked.idempotencyKey ?? null;
  if ("task" in made) {
    const [, ...own] = rowOfTask(made.task);
    return [...own, failsForSilenceAtMs(made.task), digest, acceptedAtMs, made.firstStatus, true, key];
  }
  const known: Readonly<Record<string, string | number | boolean | null>> = {
    id: taskId,
    created_by: createdBy,
    creation_digest: digest,
    accepted_at_ms: acceptedAtMs,
    is_made: false,
    idempotency_key: key,
  };
  return creationColumns.map(([column]) => known[column] ?? null);
}

function lineRowsOf({ made }: Creation): readonly (readonly (string | number)[])[] {
  return "task" in made ? made.entries.map((entry) => [made.task.id, ...rowOfEntry(entry)]) : [];
}

function isSameReceipt(a: CreationReceipt, b: CreationReceipt): boolean {
  return (
    a.taskId === b.taskId &&
    a.digest === b.digest &&
    a.acceptedAtMs === b.acceptedAtMs &&
    a.createdBy === b.createdBy
  );
}
