import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { TaskCenterError } from "../../../task/error.ts";
import { rowOfTask } from "../../task-rows.ts";
import { openCounting } from "../counting.ts";
import { durability } from "../database.ts";
import { storeError } from "../error.ts";
import type { Patience } from "../task-lists.ts";
import { prepareTaskReading } from "../task-reading.ts";
import { prepareTaskStatements } from "../task-statements.ts";
import { type Asked, carryOverWord, type Heard, type WorkerSettings } from "./messages.ts";

/**
 * The thread for long questions, and for carrying over the log. It has a connection of its own, which writes no task,
 * and answers one question after the other, each on one state of the store.
 */
const { path, patienceMs, restMs } = workerData as WorkerSettings;
const port = parentPort;
if (port === null) throw new Error("This module is a thread's.");

const database = new DatabaseSync(path, { timeout: 0 });
// It changes nothing but where the log's pages lie.
database.exec(`${durability} PRAGMA cache_size = -16384; PRAGMA query_only = ON`);
const { readTask } = prepareTaskStatements(database);
const begin = database.prepare("BEGIN");
// Nothing was written, and after a damaged page a commit would fail.
const end = database.prepare("ROLLBACK");

function patienceFrom(startMs: number): Patience {
  const spentMs = () => performance.now() - startMs;
  return {
    tasks: Number.POSITIVE_INFINITY,
    series: Number.POSITIVE_INFINITY,
    goOn() {
      if (spentMs() <= patienceMs) return;
      throw new TaskCenterError(
        "query-too-broad",
        "No index serves this question, and too many tasks would have to be looked at. Narrow it by service, instance, name, status or creation time.",
      );
    },
    isSpent: () => spentMs() > restMs,
  };
}

function answer({ number, question }: Asked): Heard {
  begin.run();
  try {
    // Its counts are of this state of the store, so they are read anew.
    const reading = prepareTaskReading({
      database,
      counting: openCounting(database),
      readTask,
      patience: patienceFrom(performance.now()),
    });
    const answer = reading.answer(question);
    return answer !== undefined && "tasks" in answer
      ? { number, answer: { ...answer, tasks: [] }, rows: answer.tasks.map(rowOfTask) }
      : { number, answer };
  } catch (error) {
    const known = storeError(error);
    if (!(known instanceof TaskCenterError)) throw error;
    return { number, refusal: { code: known.code, message: known.message } };
  } finally {
    if (database.isTransaction) end.run();
  }
}

/** Carries over what nobody reads any more. What cannot be carried over now will be later, if need be by the writer. */
function carryOver(): void {
  try {
    database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  } catch (error) {
    if (!(storeError(error) instanceof TaskCenterError)) throw error;
  }
}

port.on("message", (message: Asked | typeof carryOverWord) => {
  if (message === carryOverWord) carryOver();
  else port.postMessage(answer(message));
});
