import { invalidParameter } from "../../task/error.ts";
import type { TaskFilter, TaskQuery } from "../../task/query.ts";
import type { ServiceRequest } from "../dialect.ts";
import { readChoice, readFilter, readInteger, readOffset, readText } from "../params.ts";
import { parseTime, windowGraceMs, windowMs } from "../time.ts";
import { statusesByWord } from "../vocabulary.ts";
import { namesMeant } from "./vocabulary.ts";

const services = ["geminidb"] as const;
const kinds = ["instant"] as const;

/** The page "Querying Tasks and Details". */
export function parseTaskList({ projectId, query, nowMs }: ServiceRequest): TaskQuery {
  const name = readText(query, "name");
  return {
    filter: {
      projectId,
      services,
      kinds,
      statuses: readChoice(query, "status", statusesByWord),
      names: name === undefined ? undefined : namesMeant(name),
      ids: readFilter(query, "id"),
      ...readWindow(query, nowMs),
    },
    order: "newest-first",
    offset: readOffset(query),
    limit: readLimit(query),
    withNames: false,
  };
}

/** The defaults first, then the checks: so a start that is older than 30 days needs an end. */
function readWindow(
  query: ServiceRequest["query"],
  nowMs: number,
): Pick<TaskFilter, "createdFromMs" | "createdToMs"> {
  const startMs = readTime(query, "start_time");
  const endMs = readTime(query, "end_time");
  const fromMs = startMs ?? nowMs - windowMs;
  const toMs = endMs ?? nowMs;
  if (toMs <= fromMs) throw invalidParameter("end_time", "must be later than start_time");
  if (toMs - fromMs > windowMs + windowGraceMs) {
    throw invalidParameter("end_time", "must be within 30 days after start_time");
  }
  // The form has whole seconds, and an end means the whole of its last second.
  return { createdFromMs: fromMs, createdToMs: endMs === undefined ? nowMs : endMs + 999 };
}

function readTime(query: ServiceRequest["query"], name: string): number | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const timeMs = parseTime(text);
  if (timeMs === undefined) {
    throw invalidParameter(name, "must be a time like 2023-09-12T06:44:01+0000");
  }
  return timeMs;
}

function readLimit(query: ServiceRequest["query"]): number {
  const limit = readInteger(query, "limit") ?? 50;
  if (limit !== 10 && limit !== 20 && limit !== 50) throw invalidParameter("limit", "must be 10, 20 or 50");
  return limit;
}
