import { invalidParameter } from "../../task/error.ts";
import type { TaskQuery } from "../../task/query.ts";
import type { ServiceRequest } from "../dialect.ts";
import { readEpochWindow, readLimit, readOffset, readText, required } from "../params.ts";
import { windowGraceMs, windowMs } from "../time.ts";

const services = ["ddm"] as const;
const kinds = ["instant"] as const;

/** The page "Querying Tasks": a window within the last 30 days is mandatory. */
export function parseTaskList({ projectId, query, nowMs }: ServiceRequest): TaskQuery {
  const window = readEpochWindow(query);
  const createdFromMs = required("start_time", window.createdFromMs);
  const createdToMs = required("end_time", window.createdToMs);
  if (createdFromMs < nowMs - windowMs - windowGraceMs) {
    throw invalidParameter("start_time", "must not be earlier than 30 days before now");
  }
  return {
    filter: { projectId, services, kinds, createdFromMs, createdToMs },
    order: "newest-first",
    offset: readOffset(query),
    limit: readLimit(query, 128),
    withNames: false,
  };
}

/** The page "Obtaining Information About a Task with a Specified ID". */
export function parseTaskDetail({ projectId, params }: ServiceRequest): TaskQuery {
  const ids = [required("job_id", readText(params, "job_id"))];
  return {
    filter: { projectId, services, kinds, ids },
    order: "newest-first",
    offset: 0,
    limit: 1,
    withNames: false,
  };
}
