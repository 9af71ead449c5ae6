import { generateTasks } from "../scale/generator.ts";
import { populationOf } from "../scale/population.ts";
import type { PeerRow } from "./peers.ts";

/** So many tasks as the rows of a list, oldest first: what those peers hold that hold anything. */
export function peerRows(options: {
  readonly rows: number;
  readonly endMs: number;
  readonly seed: number;
}): readonly PeerRow[] {
  const population = populationOf({ tasks: options.rows, endMs: options.endMs });
  return Array.from(generateTasks(population, options.seed), ({ id, creation, acceptedAtMs }) => {
    const { name, status = "", instance, databaseName = "", failReason = "", createdAtMs = 0 } = creation;
    return {
      id,
      name,
      status,
      created_ms: createdAtMs,
      created_time: timeText(createdAtMs),
      end_time: timeText(acceptedAtMs),
      process: "",
      instance_name: instance.name ?? "",
      instance_id: instance.id,
      operations: [],
      database_name: databaseName,
      fail_reason: failReason,
    };
  });
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "+0000");
}
