import type { TaskStatus } from "../../task/lifecycle.ts";
import type { HistoryPage, HistoryQuery } from "../../task/query.ts";
import { plainLine } from "../first-line.ts";
import { entryOfRow, type HistoryRow } from "../task-rows.ts";
import type { Query } from "./session.ts";
import { readHistory } from "./task-statements.ts";

/** Reads a part of one task's history, whose first line may stand in the task's own row. */
export async function listHistory(query: Query, asked: HistoryQuery): Promise<HistoryPage | undefined> {
  const { projectId, id, afterRevision, limit } = asked;
  const rows = await query(readHistory, [projectId, id, afterRevision, limit + 1]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const [atMs, reportedAtMs, by, status] = first;
  const inRow = afterRevision < 1 && status !== null;
  const stored = rows.flatMap(([, , , , ...line]) => (isLine(line) ? [entryOfRow(line)] : []));
  const found = inRow
    ? [plainLine({ atMs, reportedAtMs, by, status: status as TaskStatus }), ...stored]
    : stored;
  return { entries: found.slice(0, limit), more: found.length > limit };
}

function isLine(line: HistoryRow | readonly null[]): line is HistoryRow {
  return line[0] !== null;
}
