import type { TaskFilter } from "../../src/task/query.ts";
import { monthOf, service } from "../scale/totals.ts";
import { taskNames } from "../scale/vocabulary.ts";
import type { OpenTasks } from "./costs.ts";

/**
 * Compares totals with a look at every task: one pass over the table for all of them, without the counts.
 *
 * @throws Error for the first total that is wrong.
 */
export async function compareWithLook({
  tasks,
  database,
  population,
  random,
  size,
}: OpenTasks): Promise<void> {
  const more = [{}, { statuses: ["Completed"] }, { names: [taskNames[service][0]] }] as const;
  const filters = Array.from(
    { length: size.comparedTotals },
    (_, n): TaskFilter => ({
      ...monthOf(population, random),
      ...more[n % more.length],
    }),
  );
  const sums = filters.map((filter) => `count(*) FILTER (WHERE ${conditionOf(filter)})`);
  const [looked = []] = await database.query(`SELECT ${sums.join(", ")} FROM task`);
  for (const [index, filter] of filters.entries()) {
    const { total } = await tasks.countTasks({ filter, groupBy: [], bucketMs: undefined });
    if (total !== Number(looked[index])) {
      throw new Error(`a total is ${total}, and there are ${looked[index]}: ${JSON.stringify(filter)}`);
    }
  }
}

/** What the filters here say, in the words of the table. Every value is the benchmark's own. */
function conditionOf({
  projectId,
  services,
  kinds,
  statuses,
  names,
  createdFromMs,
  createdToMs,
}: TaskFilter): string {
  const isOneOf = (column: string, values: readonly string[] | undefined): readonly string[] =>
    values === undefined ? [] : [`${column} IN ('${values.join("', '")}')`];
  return [
    ...isOneOf("project_id", [projectId]),
    ...isOneOf("service", services),
    ...isOneOf("kind", kinds),
    ...isOneOf("status", statuses),
    ...isOneOf("name", names),
    `created_at_ms BETWEEN ${createdFromMs} AND ${createdToMs}`,
  ].join(" AND ");
}
