import { styleText } from "node:util";
import { getBorderCharacters, type TableUserConfig, table } from "table";
import type { TaskDocument } from "../client/index.ts";
import type { TaskState } from "../task/lifecycle.ts";
import { percentText, statusText } from "./task-text.ts";
import { columnsOf, cut, printable, printableLines } from "./text.ts";

/** What a table may use of the terminal. */
export interface TableStyle {
  /** Columns of the terminal; Infinity where there is none. */
  readonly width: number;
  readonly colour: boolean;
}

/** The style that suits a stream: everything whole and plain where it is no terminal. */
export function tableStyle(stream: NodeJS.WriteStream): TableStyle {
  if (!stream.isTTY) return { width: Number.POSITIVE_INFINITY, colour: false };
  return { width: stream.columns || 80, colour: stream.hasColors() };
}

type Colour = "green" | "red" | "yellow" | "cyan" | "dim";

const colourOfState = {
  pending: "dim",
  running: "cyan",
  succeeded: "green",
  failed: "red",
  canceled: "yellow",
} as const satisfies Record<TaskState, Colour>;

/** One column of the list. */
interface Column {
  readonly title: string;
  readonly cell: (task: TaskDocument) => string;
  /** The width below which it is of no use; Infinity where it must stay whole. */
  readonly atLeast: number;
  /** Where the terminal is too narrow for all, columns of the greatest rank go first. */
  readonly rank: number;
  readonly colour?: (task: TaskDocument) => Colour;
}

const listColumns: readonly Column[] = [
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

const gap = 2;

/** Tasks as a table, one a line. */
export function renderTaskList(tasks: readonly TaskDocument[], style: TableStyle): string {
  const columns = fitColumns(listColumns, tasks, style.width);
  const head = columns.map(({ title, width }) => cut(title, width));
  const rows = tasks.map((task) =>
    columns.map(({ cell, colour, width }) => {
      const text = cut(printable(cell(task)), width);
      return style.colour && colour !== undefined
        ? styleText(colour(task), text, { validateStream: false })
        : text;
    }),
  );
  return renderRows([head, ...rows]);
}

/** The columns that fit, each with its width: as wide as what it shows, and only as much narrower as it must be. */
function fitColumns(
  columns: readonly Column[],
  tasks: readonly TaskDocument[],
  width: number,
): readonly (Column & { readonly width: number })[] {
  let kept = columns.map((column) => {
    const texts = [column.title, ...tasks.map((task) => printable(column.cell(task)))];
    const natural = texts.reduce((widest, text) => Math.max(widest, columnsOf(text)), 0);
    return { ...column, width: natural, atLeast: Math.min(column.atLeast, natural) };
  });
  while (kept.length > 1 && totalWidth(kept.map(({ atLeast }) => atLeast)) > width) {
    const lastRank = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== lastRank);
  }
  while (totalWidth(kept.map((column) => column.width)) > width) {
    const [widest] = kept
      .filter((column) => kept.length === 1 || column.width > column.atLeast)
      .sort((a, b) => b.width - a.width);
    if (widest === undefined || widest.width === 1) break;
    widest.width -= 1;
  }
  return kept;
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0) + gap * (widths.length - 1);
}

/** Everything about one task that has a value, one field a line. Long text goes on in the next line. */
export function renderTaskSheet(task: TaskDocument, style: TableStyle): string {
  const rows = sheetFields(task).filter(([, text]) => text !== "");
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const textWidth = Math.max(style.width - nameWidth - gap, 20);
  return renderRows(
    rows.map(([name, text]) => [name, printableLines(text)]),
    Number.isFinite(textWidth) ? { 1: { width: textWidth, wrapWord: true } } : {},
  );
}

function sheetFields(task: TaskDocument): readonly (readonly [name: string, text: string])[] {
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

/** Rows without lines around them, and without blanks at their ends. */
function renderRows(
  rows: readonly (readonly string[])[],
  columns: NonNullable<TableUserConfig["columns"]> = {},
): string {
  const text = table(rows, {
    border: getBorderCharacters("void"),
    drawHorizontalLine: () => false,
    columnDefault: { paddingLeft: 0, paddingRight: gap },
    columns,
  });
  return text.replace(/ +$/gm, "");
}
