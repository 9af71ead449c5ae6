import type { TaskPage } from "../../task/query.ts";
import type { JsonObject } from "../../task/task.ts";
import type { RenderContext } from "../dialect.ts";
import { shownEndMs, shownFailReason, shownProgress, shownStatus } from "../vocabulary.ts";

/** The page "Querying Tasks and Details". */
export function renderTaskList({ tasks, total }: TaskPage, { showTime }: RenderContext): JsonObject {
  return {
    total_count: total,
    jobs: tasks.map((task) => ({
      id: task.id,
      name: task.name,
      status: shownStatus(task),
      start_time: showTime(task.createdAtMs),
      end_time: showTime(shownEndMs(task)),
      progress: shownProgress(task, "%"),
      instance: { id: task.instance.id, name: task.instance.name },
      fail_reason: shownFailReason(task),
    })),
  };
}
