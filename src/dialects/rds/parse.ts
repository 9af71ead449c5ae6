import type { TaskQuery } from "../../task/query.ts";
import type { ServiceRequest, TaskDeletion } from "../dialect.ts";
import {
  readChoice,
  readEpochWindow,
  readFilter,
  readLimit,
  readOffset,
  readText,
  required,
} from "../params.ts";
import { statusesByWord } from "../vocabulary.ts";
import { scheduledStatusesByWord } from "./vocabulary.ts";

const instant = { services: ["rds"], kinds: ["instant"] } as const;
const scheduled = { services: ["rds"], kinds: ["scheduled"] } as const;

/** How many tasks a call without paging answers at most: far more than one instance has in a month. */
const maxUnpagedTasks = 1000;

/** The page "Querying Instant Tasks": without a window everything that is stored. */
export function parseTaskList({ projectId, query }: ServiceRequest): TaskQuery {
  return {
    filter: {
      projectId,
      ...instant,
      statuses: readChoice(query, "status", statusesByWord),
      names: readFilter(query, "name"),
      ids: readFilter(query, "id"),
      instanceIds: readFilter(query, "instance_id"),
      orderIds: readFilter(query, "order_id"),
      ...readEpochWindow(query),
    },
    order: "newest-first",
    offset: readOffset(query),
    limit: readLimit(query, 50),
    withNames: true,
  };
}

/** The page "Obtaining Information About a Task with a Specified ID". */
export function parseTaskDetail({ projectId, query }: ServiceRequest): TaskQuery {
  return {
    filter: { projectId, ...instant, ids: [readTaskId(query)] },
    order: "newest-first",
    offset: 0,
    limit: 1,
    withNames: false,
  };
}

/** The call `DeleteJob`. */
export function parseTaskDeletion({ projectId, query }: ServiceRequest): TaskDeletion {
  return { key: { projectId, id: readTaskId(query) }, filter: { projectId, ...instant } };
}

/**
 * The call `ListJobInfoDetail`: one instance's tasks in a window whose end is now where none is given. It has no
 * paging, so only the newest are answered of too many; the count tells that there are more.
 */
export function parseInstanceTaskList({ projectId, params, query, nowMs }: ServiceRequest): TaskQuery {
  const instanceId = required("instance_id", readText(params, "instance_id"));
  const { createdFromMs, createdToMs = nowMs } = readEpochWindow(query);
  return {
    filter: {
      projectId,
      ...instant,
      instanceIds: [instanceId],
      createdFromMs: required("start_time", createdFromMs),
      createdToMs,
    },
    order: "newest-first",
    offset: 0,
    limit: maxUnpagedTasks,
    withNames: false,
  };
}

/** The page "Querying Scheduled Tasks": without a window everything that is stored. */
export function parseScheduledTaskList({ projectId, query }: ServiceRequest): TaskQuery {
  return {
    filter: {
      projectId,
      ...scheduled,
      statuses: readChoice(query, "status", scheduledStatusesByWord),
      instanceIds: readFilter(query, "instance_id"),
      instanceNames: readFilter(query, "instance_name"),
      ...readEpochWindow(query),
    },
    order: "newest-first",
    offset: readOffset(query),
    limit: readLimit(query, 50),
    withNames: false,
  };
}

function readTaskId(query: ServiceRequest["query"]): string {
  return required("id", readText(query, "id"));
}
