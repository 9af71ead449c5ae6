import { styleText } from "node:util";
import { getBorderCharacters, type TableUserConfig, table } from "table";
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

export type Colour = "green" | "red" | "yellow" | "cyan" | "dim";

/** One column of a list. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** The width below which it is of no use; Infinity where it must stay whole. */
  readonly atLeast: number;
  /** Where the terminal is too narrow for all, columns of the greatest rank go first. */
  readonly rank: number;
  readonly colour?: (row: Row) => Colour;
}

const gap = 2;

/** A list as a table, one thing a line. */
export function renderTable<Row>(
  rows: readonly Row[],
  allColumns: readonly Column<Row>[],
  style: TableStyle,
): string {
  const columns = fitColumns(allColumns, rows, style.width);
  const head = columns.map(({ title, width }) => cut(title, width));
  const lines = rows.map((row) =>
    columns.map(({ cell, colour, width }) => {
      const text = cut(printable(cell(row)), width);
      return style.colour && colour !== undefined
        ? styleText(colour(row), text, { validateStream: false })
        : text;
    }),
  );
  return renderRows([head, ...lines]);
}

/** The columns that fit, each with its width: as wide as what it shows, and only as much narrower as it must be. */
function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly (Column<Row> & { readonly width: number })[] {
  let kept = columns.map((column) => {
    const texts = [column.title, ...rows.map((row) => printable(column.cell(row)))];
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

/** Named values, one a line, as far as they have one. Long text goes on in the next line. */
export function renderSheet(
  fields: readonly (readonly [name: string, text: string])[],
  style: TableStyle,
): string {
  const rows = fields.filter(([, text]) => text !== "");
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const textWidth = Math.max(style.width - nameWidth - gap, 20);
  return renderRows(
    rows.map(([name, text]) => [name, printableLines(text)]),
    Number.isFinite(textWidth) ? { 1: { width: textWidth, wrapWord: true } } : {},
  );
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
