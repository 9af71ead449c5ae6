import { join } from "node:path";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { prepare } from "../../src/store/sqlite/statements.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { rowOfTask, taskColumns } from "../../src/store/task-rows.ts";
import { systemClock } from "../../src/task/clock.ts";
import { perSecond } from "../finding.ts";
import { median } from "../statistics.ts";
import type { AimFinding } from "./aims.ts";
import { newTask } from "./fill.ts";
import { type FilledStore, storeFile } from "./filled-store.ts";
import type { Random } from "./random.ts";
import type { ScaleSize } from "./sizes.ts";
import { newTasks } from "./writes.ts";

const receiptColumns = ["creation_digest", "accepted_at_ms"] as const;

/**
 * Measures batches of creations in random projects, in this process: into the store, and in turns with it the same rows
 * into a table of another file without any index, with the same settings of the engine and one commit a batch.
 */
export async function measureIngest(
  { directory, population }: FilledStore,
  bareFile: string,
  random: Random,
  size: ScaleSize,
): Promise<AimFinding> {
  const clock = systemClock;
  const next = newTasks(population, random);
  const store = await openSqliteStore({ path: join(directory, storeFile), clock });
  const { database, lock } = openDatabase(bareFile, clock);
  try {
    const columns = [...taskColumns, ...receiptColumns];
    database.exec(`CREATE TABLE bare (${columns.join(", ")})`);
    const insert = prepare(database, `INSERT INTO bare VALUES (${columns.map(() => "?").join(", ")})`);
    const rates: { readonly ours: number; readonly bare: number }[] = [];
    for (let round = 0; round < size.ingestRounds; round += 1) {
      const made = Array.from({ length: size.ingestBatch }, () => newTask(next(), random));
      const creations = made.map(({ task, history, receipt }) => ({
        projectId: task.projectId,
        make: () => ({ task, history }),
        receipt,
      }));
      const startedMs = performance.now();
      const standing = await Promise.all(creations.map((creation) => store.tasks.createTask(creation)));
      const oursMs = performance.now() - startedMs;
      if (standing.some(({ foundBy }) => foundBy !== "new")) throw new Error("a task of a batch is not new");

      const rows = made.map(({ task, receipt }) => [
        ...rowOfTask(task),
        receipt.digest,
        receipt.acceptedAtMs,
      ]);
      const bareStartedMs = performance.now();
      database.exec("BEGIN IMMEDIATE");
      for (const row of rows) insert.run(...row);
      database.exec("COMMIT");
      const bareMs = performance.now() - bareStartedMs;
      rates.push({ ours: size.ingestBatch / (oursMs / 1000), bare: size.ingestBatch / (bareMs / 1000) });
    }
    const ours = perSecond(median(rates.map((rate) => rate.ours)));
    const bare = perSecond(median(rates.map((rate) => rate.bare)));
    return {
      number: 7,
      value: median(rates.map((rate) => rate.ours / rate.bare)),
      from: `${ours} ÷ ${bare}, batches of ${size.ingestBatch}`,
    };
  } finally {
    await store.close();
    database.close();
    lock.release();
  }
}
