import type { TaskDocument } from "../client/index.ts";
import type { TaskState } from "../task/lifecycle.ts";
import type { ListLayout, SheetLayout } from "./output.ts";
import type { Colour, Column } from "./table.ts";
import { percentText, statusText } from "./task-text.ts";

const colourOfState = {
  pending: "dim",
  running: "cyan",
  succeeded: "green",
  failed: "red",
  canceled: "yellow",
} as const satisfies Record<TaskState, Colour>;

const columns: readonly Column<TaskDocument>[] = [
  { title: "ID", cell: (task) => task.id, atLeast: Number.POSITIVE_INFINITY, rank: 1 },
  { title: "SERVICE", cell: (task) => task.service, atLeast: 8, rank: 6 },
  { title: "NAME", cell: (task) => task.name, atLeast: 12, rank: 3 },
  { title: "INSTANCE", cell: (task) => task.instance.name || task.instance.id, atLeast: 10, rank: 5 },
  {
    title: "STATUS",
    cell: statusText,
    atLeast: 9,
    rank: 2,
    colour: (task) => (task.stale ? "yellow" : colourOfState[task.state]),
  },
  { title: "PROGRESS", cell: (task) => percentText(task.progress), atLeast: 8, rank: 4 },
  { title: "CREATED", cell: (task) => task.created_at.replace(/\.\d+Z$/, "Z"), atLeast: 20, rank: 7 },
];

function fields(task: TaskDocument): readonly (readonly [name: string, text: string])[] {
  const { instance } = task;
  return [
    ["ID", task.id],
    ["Service", task.service],
    ["Kind", task.kind],
    ["Name", task.name],
    ["Status", statusText(task)],
    ["State", task.state],
    ["Progress", task.progress === null ? "" : `${task.progress}%`],
    ["Fail reason", task.fail_reason],
    ["Instance", instance.name === "" ? instance.id : `${instance.id} (${instance.name})`],
    ["Instance status", instance.status],
    ["Database", task.database_name],
    ["Order", task.order_id],
    ["Created", task.created_at],
    ["Created by", task.created_by],
    ["Started", task.started_at ?? ""],
    ["Updated", task.updated_at],
    ["Ended", task.ended_at ?? ""],
    ["Planned start", task.planned_start_at ?? ""],
    ["Planned end", task.planned_end_at ?? ""],
    ["Priority", String(task.priority ?? "")],
    ["Parent", task.parent_id ?? ""],
    ["Attempt", String(task.attempt)],
    ["Lease ends", task.lease_expires_at ?? ""],
    ["Operations", task.operations.join(", ")],
    [
      "Labels",
      Object.entries(task.labels)
        .map((label) => label.join("="))
        .join("\n"),
    ],
    ["Details", Object.keys(task.details).length === 0 ? "" : JSON.stringify(task.details, undefined, 2)],
    ["Project", task.project_id],
    ["Revision", String(task.revision)],
  ];
}

const csvColumns = [
  "id",
  "project_id",
  "service",
  "kind",
  "name",
  "status",
  "state",
  "progress",
  "instance_id",
  "instance_name",
  "instance_status",
  "database_name",
  "order_id",
  "fail_reason",
  "operations",
  "created_at",
  "started_at",
  "updated_at",
  "ended_at",
  "planned_start_at",
  "planned_end_at",
  "priority",
  "parent_id",
  "attempt",
  "stale",
  "lease_expires_at",
  "details",
  "labels",
  "created_by",
  "revision",
] as const satisfies readonly (keyof ReturnType<typeof csvRecord>)[];

function csvRecord({ instance, operations, details, labels, ...plain }: TaskDocument) {
  return {
    ...plain,
    instance_id: instance.id,
    instance_name: instance.name,
    instance_status: instance.status,
    operations: operations.join(" "),
    details: JSON.stringify(details),
    labels: JSON.stringify(labels),
  };
}

/** How tasks are shown. */
export const taskLayout: ListLayout<TaskDocument> & SheetLayout<TaskDocument> = {
  columns,
  fields,
  csvColumns,
  csvRecord,
};
