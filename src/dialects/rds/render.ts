import { taskNotFound } from "../../task/error.ts";
import type { TaskPage } from "../../task/query.ts";
import { isJsonObject, type JsonObject, type JsonValue, type Task } from "../../task/task.ts";
import type { RenderContext } from "../dialect.ts";
import { shownEndMs, shownFailReason, shownProgress, shownStatus } from "../vocabulary.ts";

/** The page "Querying Instant Tasks". A fail reason stands only at a failed task. */
export function renderTaskList({ tasks, names, total }: TaskPage, { showTime }: RenderContext): JsonObject {
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

/** The page "Obtaining Information About a Task with a Specified ID". */
export function renderTaskDetail({ tasks: [task] }: TaskPage, { showTime }: RenderContext): JsonObject {
  if (task === undefined) throw taskNotFound();
  return { job: shownJob(task, showTime) };
}

/** The call `ListJobInfoDetail`: the count is that of the whole window, however many tasks are answered. */
export function renderInstanceTaskList({ tasks, total }: TaskPage, { showTime }: RenderContext): JsonObject {
  return {
    jobs: tasks.map((task) => ({ ...shownJob(task, showTime), ...shownTaskDetail(task) })),
    count: total,
  };
}

/** The page "Querying Scheduled Tasks". */
export function renderScheduledTaskList({ tasks, total }: TaskPage, { showTime }: RenderContext): JsonObject {
  return {
    schedule_tasks: tasks.map((task) => {
      const startMs = task.startedAtMs ?? task.plannedStartAtMs;
      return {
        id: task.id,
        instance_id: task.instance.id,
        instance_name: task.instance.name,
        instance_status: task.instance.status,
        project_id: task.projectId,
        name: task.name,
        create_time: showTime(task.createdAtMs),
        start_time: startMs === null ? "" : showTime(startMs),
        end_time: showTime(shownEndMs(task)),
        order: shownText(task.priority),
        status: task.status,
        datastore_type: shownText(task.details.datastore_type),
        target_config: shownTargetConfig(task),
        volume_type: shownText(task.details.volume_type),
      };
    }),
    total_count: total,
  };
}

/** A task as the calls on jobs show it: its end stands only where it has ended, its fail reason where it failed. */
function shownJob(task: Task, showTime: RenderContext["showTime"]): JsonObject {
  const { entities } = task.details;
  const status = shownStatus(task);
  return {
    id: task.id,
    name: task.name,
    status,
    created: showTime(task.createdAtMs),
    ...(task.endedAtMs === null ? {} : { ended: showTime(task.endedAtMs) }),
    process: shownProgress(task, ""),
    instance: { id: task.instance.id, name: task.instance.name },
    entities: isJsonObject(entities) ? entities : {},
    ...(status === "Failed" ? { fail_reason: shownFailReason(task) } : {}),
  };
}

/** What the producer keeps as the task's detail, as text: JSON, unless it is text already. */
function shownTaskDetail({ details: { task_detail: detail } }: Task): JsonObject {
  if (detail === undefined || detail === null) return {};
  return { task_detail: typeof detail === "string" ? detail : JSON.stringify(detail) };
}

/** What a task makes of its instance, as its producer tells it. */
function shownTargetConfig({ details: { target_config: target } }: Task): JsonObject {
  const { flavor, mem, cpu } = isJsonObject(target) ? target : {};
  return { flavor: shownText(flavor), mem: shownText(mem), cpu: shownText(cpu) };
}

/** A producer's text or number as text; `""` for anything else. */
function shownText(value: JsonValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
