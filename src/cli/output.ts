import { stringify as stringifyCsv } from "csv-stringify/sync";
import { stringify as stringifyYaml } from "yaml";
import type { TaskDocument } from "../client/index.ts";
import type { OutputForm } from "./option-values.ts";
import { renderTaskList, renderTaskSheet, type TableStyle } from "./table.ts";

/** A list of tasks in one of the forms; for programs an array, for people a table. */
export function renderTasks(tasks: readonly TaskDocument[], form: OutputForm, style: TableStyle): string {
  switch (form) {
    case "table":
      return renderTaskList(tasks, style);
    case "json":
      return json(tasks);
    case "yaml":
      return yaml(tasks);
    case "csv":
      return csv(tasks);
  }
}

/** One task in one of the forms; as CSV a list of one. */
export function renderTask(task: TaskDocument, form: OutputForm, style: TableStyle): string {
  switch (form) {
    case "table":
      return renderTaskSheet(task, style);
    case "json":
      return json(task);
    case "yaml":
      return yaml(task);
    case "csv":
      return csv([task]);
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** In quotes stands whatever readers of YAML 1.1 would take for something else than text: the times among it. */
function yaml(value: unknown): string {
  return stringifyYaml(value, { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

/** One line a task, one column a field. Cells that a spreadsheet would run as formulas are made text. */
function csv(tasks: readonly TaskDocument[]): string {
  return stringifyCsv(tasks.map(csvRecord), {
    header: true,
    columns: csvColumns,
    escape_formulas: true,
    cast: { boolean: String },
  });
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

function csvRecord({ instance, operations, details, labels, ...fields }: TaskDocument) {
  return {
    ...fields,
    instance_id: instance.id,
    instance_name: instance.name,
    instance_status: instance.status,
    operations: operations.join(" "),
    details: JSON.stringify(details),
    labels: JSON.stringify(labels),
  };
}
