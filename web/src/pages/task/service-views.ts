import type { TaskDocument } from "../../../../src/client/types.ts";
import type { Service } from "../../../../src/task/lifecycle.ts";

/** A call by which an API shows a task. */
export interface ServiceView {
  /** What it is called on its tab: `RDS: one task`. */
  readonly label: string;
  /** Below the server's root, prefix included: `/rds/v3/…`. */
  readonly path: string;
}

/** A window in which DDM's list may begin: 30 days. */
const ddmWindowMs = 30 * 24 * 60 * 60 * 1000;

/** Every call that shows a task: its own service's, where it shows tasks of that kind, and ours. */
export function viewsOf(task: TaskDocument, nowMs: number): readonly ServiceView[] {
  const project = encodeURIComponent(task.project_id);
  const id = encodeURIComponent(task.id);
  const own = { label: "Task Center", path: `/v1/${project}/tasks/${id}` };
  const calls: Readonly<Record<Service, () => readonly ServiceView[]>> = {
    ddm: () => ddmViews(task, { project, id, nowMs }),
    rds: () => rdsViews(task, { project, id }),
    geminidb: () => geminidbViews(task, { project, id }),
  };
  return [...calls[task.service](), own];
}

function ddmViews(
  task: TaskDocument,
  { project, id, nowMs }: { readonly project: string; readonly id: string; readonly nowMs: number },
): readonly ServiceView[] {
  if (task.kind === "scheduled") return [];
  const createdMs = Date.parse(task.created_at);
  const single = { label: "DDM: one task", path: `/ddm/v3/${project}/jobs/${id}` };
  if (createdMs < nowMs - ddmWindowMs) return [single];
  const window = `start_time=${createdMs}&end_time=${createdMs}`;
  return [single, { label: "DDM: list", path: `/ddm/v3/${project}/jobs?${window}` }];
}

function rdsViews(
  task: TaskDocument,
  { project, id }: { readonly project: string; readonly id: string },
): readonly ServiceView[] {
  if (task.kind === "scheduled") {
    const createdMs = Date.parse(task.created_at);
    const instance = encodeURIComponent(task.instance.id);
    const query = `instance_id=${instance}&start_time=${createdMs}&end_time=${createdMs}`;
    return [{ label: "RDS: scheduled tasks", path: `/rds/v3/${project}/schedule-tasks?${query}` }];
  }
  return [
    { label: "RDS: one task", path: `/rds/v3/${project}/jobs?id=${id}` },
    { label: "RDS: list", path: `/rds/v3/${project}/tasklist?id=${id}` },
  ];
}

function geminidbViews(
  task: TaskDocument,
  { project, id }: { readonly project: string; readonly id: string },
): readonly ServiceView[] {
  if (task.kind === "scheduled") return [];
  // Without an end the list looks at 30 days alone; its window is in whole seconds.
  const createdMs = Date.parse(task.created_at);
  const second = (atMs: number) => `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  const window = `start_time=${second(createdMs)}&end_time=${second(createdMs + 1000)}`;
  return [{ label: "GeminiDB: list", path: `/geminidb/v3/${project}/jobs?id=${id}&${window}` }];
}

/** The same call in a terminal. The token stays out of it: it is in the reader's environment. */
export function curlLine(publicUrl: string, path: string): string {
  return `curl -s -H "X-Auth-Token: $TOKEN" ${shellQuoted(publicUrl.replace(/\/$/, "") + path)}`;
}

/** One word for a shell, whatever is in it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What newer browsers can do with JSON, and TypeScript's library does not tell yet. */
const exactJson = JSON as unknown as { readonly rawJSON?: (text: string) => unknown };

/** JSON with its members on lines of their own; numbers keep their spelling, and what is no JSON stays as it is. */
export function prettyJson(text: string): string {
  const keepNumbers = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && context?.source !== undefined
      ? (exactJson.rawJSON?.(context.source) ?? value)
      : value;
  try {
    return JSON.stringify(JSON.parse(text, keepNumbers), null, 2);
  } catch {
    return text;
  }
}
