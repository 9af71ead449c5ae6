import type { TaskQuery } from "../../task/query.ts";
import type { ServiceRequest } from "../dialect.ts";
import { readChoice, readEpochWindow, readFilter, readLimit, readOffset } from "../params.ts";
import { statusesByWord } from "../vocabulary.ts";

const services = ["rds"] as const;
const kinds = ["instant"] as const;

/** The page "Querying Instant Tasks": without a window everything that is stored. */
export function parseTaskList({ projectId, query }: ServiceRequest): TaskQuery {
  return {
    filter: {
      projectId,
      services,
      kinds,
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
