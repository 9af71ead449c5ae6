import type { TaskFilter } from "../../view/task-filter.ts";

/** What a table of tasks can show, in this order; with the least width of each, in rem. Some grow where there is room. */
export const columns = {
  status: { label: "Status", width: 11, grows: false },
  name: { label: "Name", width: 10.5, grows: true },
  instance: { label: "Instance", width: 10, grows: true },
  service: { label: "Service", width: 5.5, grows: false },
  kind: { label: "Kind", width: 6, grows: false },
  database: { label: "Database", width: 8, grows: false },
  progress: { label: "Progress", width: 7.5, grows: false },
  created: { label: "Created", width: 6, grows: false },
  started: { label: "Started", width: 6.5, grows: false },
  duration: { label: "Duration", width: 6, grows: false },
  ended: { label: "Ended", width: 6.5, grows: false },
  planned: { label: "Planned window", width: 13, grows: false },
  priority: { label: "Priority", width: 5, grows: false },
  reason: { label: "Fail reason", width: 10.5, grows: true },
  labels: { label: "Labels", width: 10, grows: true },
  creator: { label: "Created by", width: 8, grows: false },
  order: { label: "Order id", width: 9, grows: false },
  attempt: { label: "Attempt", width: 5, grows: false },
  id: { label: "Id", width: 14, grows: false },
} as const satisfies Record<
  string,
  { readonly label: string; readonly width: number; readonly grows: boolean }
>;
export type Column = keyof typeof columns;
export const columnNames = Object.keys(columns) as readonly Column[];

/** What every row shows: without it nobody knows what the row is about. */
export const fixedColumns: readonly Column[] = ["status", "name"];

/** Columns that are wider where they show moments rather than ages. */
const momentColumns: ReadonlySet<Column> = new Set(["created", "started", "ended"]);
const momentWidth = 9.75;

/** How wide the window is. */
export type Width = "phone" | "narrow" | "medium" | "wide";

/** What is shown to a reader who has not chosen, by how much room there is and what is looked at. */
export function usualColumns(
  width: Width,
  filter: Pick<TaskFilter, "kind" | "service" | "state">,
): readonly Column[] {
  const wanted = new Set<Column>(["status", "name", "instance", "progress", "created", "duration"]);
  // Where there is little room, why tasks failed is shown to whoever looks at failed ones. With more it comes first.
  if (width === "medium" || width === "wide" || filter.state.includes("failed")) wanted.add("reason");
  if (width === "wide") {
    wanted.add("database");
    // Where one service is looked at, every row would say the same.
    if (filter.service.length !== 1) wanted.add("service");
  }
  if (filter.kind.length === 1 && filter.kind[0] === "scheduled") {
    wanted.add("planned").add("priority").delete("reason");
  }
  return columnNames.filter((column) => wanted.has(column));
}

/** Reads the columns that the browser has kept; undefined where the reader has chosen none. */
export function readColumns(text: string | null): readonly Column[] | undefined {
  if (text === null || text === "") return undefined;
  const words = text.split(",");
  return columnNames.filter((column) => words.includes(column) || fixedColumns.includes(column));
}

/** The text that `readColumns` reads; none for a reader who wants the usual ones. */
export function columnsText(chosen: readonly Column[] | undefined): string {
  return chosen === undefined ? "" : chosen.join(",");
}

/** How wide a column is at least, in rem. */
export function columnWidth(column: Column, showsMoments: boolean): number {
  return showsMoments && momentColumns.has(column) ? momentWidth : columns[column].width;
}
