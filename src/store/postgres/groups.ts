import { type Service, type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import type { TaskCountQuery, TaskCounts } from "../../task/query.ts";
import { groupsOf, maxGroups } from "../task-groups.ts";
import { numberedValues, type Put, whereOf } from "./conditions.ts";
import { statementOf, tasksInRangesSql } from "./filters.ts";
import type { Query } from "./session.ts";

/** More rows than the groups of an answer can have: a state has several statuses. */
const mostRows = maxGroups * taskStatuses.length + 1;

type GroupRow = readonly [
  status: TaskStatus | null,
  service: Service | null,
  name: string | null,
  instanceId: string | null,
  bucketMs: number | null,
  count: number,
];

/** What of a task can tell its group. */
const groupedColumns = "task.status, task.service, task.name, task.instance_id, task.created_at_ms";

/** Counts the tasks of a filter by looking at each of them, in whatever way the database finds the quickest. */
export function countAll(query: Query, asked: TaskCountQuery): Promise<TaskCounts> {
  return count(query, asked, (put) => `task WHERE ${whereOf(asked.filter, put)}`);
}

/** The same where there are few of them: those alone are looked at, in the ranges of an index. */
export function countFew(query: Query, asked: TaskCountQuery): Promise<TaskCounts> {
  return count(query, asked, (put) => tasksInRangesSql(asked.filter, put, groupedColumns));
}

async function count(
  query: Query,
  asked: TaskCountQuery,
  tasksSql: (put: Put) => string,
): Promise<TaskCounts> {
  const { filter, groupBy, bucketMs } = asked;
  const { put, values } = numberedValues([filter.projectId]);
  const tasks = tasksSql(put);
  const length = bucketMs === undefined ? "" : `${put(bucketMs)}::bigint`;
  // A state is told by its statuses.
  const parts = [
    groupBy.includes("state") || groupBy.includes("status") ? "task.status" : undefined,
    groupBy.includes("service") ? "task.service" : undefined,
    groupBy.includes("name") ? "task.name" : undefined,
    groupBy.includes("instanceId") ? "task.instance_id" : undefined,
    bucketMs === undefined
      ? undefined
      : `task.created_at_ms - ((task.created_at_ms % ${length}) + ${length}) % ${length}`,
  ];
  const numbers = parts.flatMap((part, index) => (part === undefined ? [] : [index + 1]));
  const grouping = numbers.length === 0 ? "" : `GROUP BY ${numbers.join(", ")}`;
  const columns = parts.map((part) => part ?? "NULL").join(", ");
  const text = `SELECT ${columns}, count(*) FROM ${tasks} ${grouping} LIMIT ${mostRows}`;
  const groups = groupsOf(asked);
  // What is not asked for tells no groups apart.
  for (const row of await query(statementOf<GroupRow>(text), values)) {
    const [status, service, name, instanceId, createdAtMs, found] = row;
    const facts = {
      status: status ?? "Running",
      service: service ?? "ddm",
      name: name ?? "",
      instanceId: instanceId ?? "",
      createdAtMs: createdAtMs ?? 0,
    };
    groups.add(facts, found);
  }
  return groups.counts();
}
