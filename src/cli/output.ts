import { stringify as stringifyCsv } from "csv-stringify/sync";
import { stringify as stringifyYaml } from "yaml";
import type { OutputForm } from "./option-values.ts";
import { type Column, renderSheet, renderTable, type TableStyle } from "./table.ts";

/** How things of one kind are told in CSV: one column a field, with nothing nested. */
export interface CsvLayout<Row> {
  readonly csvColumns: readonly string[];
  readonly csvRecord: (row: Row) => Readonly<Record<string, unknown>>;
}

/** How a list of them is shown. */
export interface ListLayout<Row> extends CsvLayout<Row> {
  readonly columns: readonly Column<Row>[];
}

/** How one of them is shown by itself. */
export interface SheetLayout<Row> extends CsvLayout<Row> {
  readonly fields: (row: Row) => readonly (readonly [name: string, text: string])[];
  /** Whether it is there to be copied, and must not be broken into lines to fit a terminal. */
  readonly isCopied?: true;
}

/** A list in one of the forms; for programs an array, for people a table. */
export function renderList<Row>(
  rows: readonly Row[],
  layout: ListLayout<Row>,
  form: OutputForm,
  style: TableStyle,
): string {
  switch (form) {
    case "table":
      return renderTable(rows, layout.columns, style);
    case "json":
      return json(rows);
    case "yaml":
      return yaml(rows);
    case "csv":
      return csv(rows, layout);
  }
}

/** One thing in one of the forms; as CSV a list of one. */
export function renderOne<Row>(
  row: Row,
  layout: SheetLayout<Row>,
  form: OutputForm,
  style: TableStyle,
): string {
  switch (form) {
    case "table":
      return renderSheet(layout.fields(row), layout.isCopied ? { ...style, width: Infinity } : style);
    case "json":
      return json(row);
    case "yaml":
      return yaml(row);
    case "csv":
      return csv([row], layout);
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** In quotes stands whatever readers of YAML 1.1 would take for something else than text: the times among it. */
function yaml(value: unknown): string {
  return stringifyYaml(value, { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

/** One line a thing, one column a field. Cells that a spreadsheet would run as formulas are made text. */
function csv<Row>(rows: readonly Row[], { csvColumns, csvRecord }: CsvLayout<Row>): string {
  return stringifyCsv(rows.map(csvRecord), {
    header: true,
    columns: csvColumns,
    escape_formulas: true,
    cast: { boolean: String },
  });
}
