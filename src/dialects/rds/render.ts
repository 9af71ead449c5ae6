import type { TaskPage } from "../../task/query.ts";
import type { JsonObject } from "../../task/task.ts";
import type { RenderContext } from "../dialect.ts";
import { timeFormat } from "../time.ts";
import { shownEndMs, shownFailReason, shownProgress, shownStatus } from "../vocabulary.ts";

/** The page "Querying Instant Tasks". A fail reason stands only at a failed task. */
export function renderTaskList({ tasks, names, total }: TaskPage, context: RenderContext): JsonObject {
  const showTime = timeFormat(context.utcOffsetMinutes);
  return {
    tasks: tasks.map((task) => {
      const status = shownStatus(task);
      const shown = {
        id: task.id,
        name: task.name,
        instance_id: task.instance.id,
        instance_name: task.instance.name,
        instance_status: task.instance.status,
        order_id: task.orderId,
        process: shownProgress(task, ""),
        create_time: showTime(task.createdAtMs),
        end_time: showTime(shownEndMs(task)),
        status,
      };
      return status === "Failed" ? { ...shown, fail_reason: shownFailReason(task) } : shown;
    }),
    actions: names,
    total_count: total,
  };
}
