import { foldChanges } from "../../src/store/postgres/fold.ts";
import { createTaskWriting } from "../../src/store/postgres/task-writing.ts";
import { systemClock } from "../../src/task/clock.ts";
import { shown } from "../finding.ts";
import { projectId } from "../processes.ts";
import { newTask } from "../scale/fill.ts";
import { newTasks } from "../scale/writes.ts";
import { median } from "../statistics.ts";
import type { OpenTasks } from "./costs.ts";
import { type CpuMicros, cpuText, type Figure, micros } from "./figures.ts";

interface Fold extends CpuMicros {
  readonly tookMicros: number;
}

/** Measures what it costs to bring the counts of a project forward, for each change, while no server has it open. */
export async function measureFolds(open: OpenTasks): Promise<readonly Figure[]> {
  const { session, population, random, size } = open;
  const [hot] = population.projects;
  const next = newTasks({ ...population, projects: [hot] }, random);
  // Its changes wait until they are folded here.
  const writing = createTaskWriting({ session, clock: systemClock, onCountChanges: () => {} });
  const append = async (changes: number): Promise<void> => {
    const made = Array.from({ length: changes }, () => newTask(next(), random));
    await Promise.all(
      made.map(({ task, history, receipt }) =>
        writing.createTask({ projectId, make: () => ({ task, history }), receipt }),
      ),
    );
  };
  await foldChanges(session, projectId);
  const figures: Figure[] = [];
  for (const changes of size.foldedChanges) {
    const folds: Fold[] = [];
    for (let round = 0; round < size.foldRounds; round += 1) {
      await append(changes);
      folds.push(await measureFold(open, changes));
    }
    const known = folds.flatMap(({ database }) => database ?? []);
    figures.push({
      what: `fold of ${shown(changes)} changes, for each`,
      figure: micros(median(folds.map(({ tookMicros }) => tookMicros))),
      from: cpuText({
        server: median(folds.map(({ server }) => server)),
        database: known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0) / known.length,
      }),
    });
  }
  return figures;
}

async function measureFold({ session, database }: OpenTasks, changes: number): Promise<Fold> {
  const databaseBefore = database.cpuMs();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const folded = await foldChanges(session, projectId);
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  const databaseAfter = database.cpuMs();
  if (folded !== changes) throw new Error(`${changes} changes were to be folded, and ${folded} were`);
  const isKnown = databaseBefore !== undefined && databaseAfter !== undefined;
  return {
    tookMicros: (tookMs * 1000) / changes,
    server: (user + system) / changes,
    database: isKnown ? ((databaseAfter - databaseBefore) * 1000) / changes : undefined,
  };
}
