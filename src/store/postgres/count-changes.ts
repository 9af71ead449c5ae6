import type { Service, TaskKind, TaskStatus } from "../../task/lifecycle.ts";
import type { Task } from "../../task/task.ts";

/** One row of what the count trees do not know yet, beside its project: a task came, went, or changed its status. */
export type CountChangeRow = readonly [
  service: Service,
  kind: TaskKind,
  name: string,
  instanceId: string,
  createdAtMs: number,
  taskId: string,
  from: TaskStatus | null,
  to: TaskStatus | null,
];

/** The columns of a `CountChangeRow`, with the type of each. */
export const countChangeColumns = [
  ["service", "text"],
  ["kind", "text"],
  ["name", "text"],
  ["instance_id", "text"],
  ["created_at_ms", "bigint"],
  ["task_id", "text"],
  ["from_status", "text"],
  ["to_status", "text"],
] as const;

/** What a change of a task means to the counts: nothing, where it stays at its places with its status. */
export function countChangesOf(before: Task, after: Task): readonly CountChangeRow[] {
  if (!isAtSamePlaces(before, after)) {
    return [
      countChange(before, { from: before.status, to: null }),
      countChange(after, { from: null, to: after.status }),
    ];
  }
  return before.status === after.status
    ? []
    : [countChange(after, { from: before.status, to: after.status })];
}

function countChange(
  { service, kind, name, instance, createdAtMs, id }: Task,
  { from, to }: { readonly from: TaskStatus | null; readonly to: TaskStatus | null },
): CountChangeRow {
  return [service, kind, name, instance.id, createdAtMs, id, from, to];
}

function isAtSamePlaces(a: Task, b: Task): boolean {
  return (
    a.service === b.service &&
    a.kind === b.kind &&
    a.name === b.name &&
    a.instance.id === b.instance.id &&
    a.createdAtMs === b.createdAtMs
  );
}
