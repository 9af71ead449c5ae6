import { taskNotFound } from "../../task/error.ts";
import type { TaskPage } from "../../task/query.ts";
import type { JsonObject } from "../../task/task.ts";
import type { RenderContext } from "../dialect.ts";
import { shownEndMs, shownFailReason, shownProgress, shownStatus } from "../vocabulary.ts";
import { shownOperations } from "./vocabulary.ts";

/** The page "Querying Tasks". */
export function renderTaskList({ tasks, total }: TaskPage, { query, showTime }: RenderContext): JsonObject {
  return {
    jobs: tasks.map((task) => ({
      id: task.id,
      name: task.name,
      status: shownStatus(task),
      created_time: showTime(task.createdAtMs),
      end_time: showTime(shownEndMs(task)),
      process: shownProgress(task, "%"),
      instance_name: task.instance.name,
      instance_id: task.instance.id,
      operations: shownOperations(task),
      database_name: task.databaseName,
      fail_reason: shownFailReason(task),
    })),
    offset: query.offset,
    limit: query.limit,
    total,
  };
}

/** The page "Obtaining Information About a Task with a Specified ID". */
export function renderTaskDetail({ tasks: [task] }: TaskPage, { showTime }: RenderContext): JsonObject {
  if (task === undefined) throw taskNotFound();
  return {
    job: {
      id: task.id,
      name: task.name,
      status: shownStatus(task),
      created_time: showTime(task.createdAtMs),
      end_time: showTime(shownEndMs(task)),
      process: shownProgress(task, "%"),
      instance: { id: task.instance.id, name: task.instance.name },
    },
  };
}
