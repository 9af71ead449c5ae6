import type { HistoryEntryDocument } from "../../../../src/client/types.ts";

/** A line of the timeline: a change, a run of reports that said nothing but how far the task is, or what was not read. */
export type HistoryLine =
  | { readonly kind: "change"; readonly entry: HistoryEntryDocument }
  | {
      readonly kind: "progress";
      /** Oldest first, at least two. */
      readonly entries: readonly HistoryEntryDocument[];
    }
  | { readonly kind: "gap" };

/**
 * The timeline, newest first: what decides something stands by itself, and runs of progress are one line.
 *
 * @param gapAfter The revision after which changes are missing from `history`, if any are.
 */
export function historyLines(
  history: readonly HistoryEntryDocument[],
  gapAfter?: number,
): readonly HistoryLine[] {
  const lines: HistoryLine[] = [];
  let run: HistoryEntryDocument[] = [];
  const endRun = () => {
    const [only] = run;
    if (run.length > 1) lines.push({ kind: "progress", entries: run });
    else if (only !== undefined) lines.push({ kind: "change", entry: only });
    run = [];
  };
  for (const entry of history) {
    if (isProgressAlone(entry)) {
      run.push(entry);
    } else {
      endRun();
      lines.push({ kind: "change", entry });
    }
    if (entry.revision === gapAfter) {
      endRun();
      lines.push({ kind: "gap" });
    }
  }
  endRun();
  return lines.reverse();
}

function isProgressAlone({ changes, message, revision }: HistoryEntryDocument): boolean {
  const fields = Object.keys(changes);
  return revision > 1 && message === "" && fields.length === 1 && fields[0] === "progress";
}

/** How far the task was when: by the time that is told of, not by when it was told, since reports may come late. */
export interface ProgressPoint {
  readonly atMs: number;
  readonly percent: number;
}

export function progressPoints(history: readonly HistoryEntryDocument[]): readonly ProgressPoint[] {
  const points = history
    .flatMap(({ reported_at, changes }) => {
      const percent = changes.progress?.to;
      return typeof percent === "number" ? [{ atMs: Date.parse(reported_at), percent }] : [];
    })
    .sort((a, b) => a.atMs - b.atMs);
  // What the task began with may stand only in what the first change was made from.
  const begin = history.find(({ changes }) => changes.progress !== undefined)?.changes.progress?.from;
  const created = history[0];
  return typeof begin === "number" && created !== undefined
    ? [{ atMs: Date.parse(created.reported_at), percent: begin }, ...points]
    : points;
}

/** When the task came to which status, oldest first. */
export function statusMarks(
  history: readonly HistoryEntryDocument[],
): readonly { readonly atMs: number; readonly status: string }[] {
  return history.flatMap(({ reported_at, changes }) => {
    const status = changes.status?.to;
    return typeof status === "string" ? [{ atMs: Date.parse(reported_at), status }] : [];
  });
}

/** A field's value as one short text: text as it is, progress in percent, anything else as JSON, nothing as a dash. */
export function valueText(value: unknown, field = ""): string {
  if (value === null || value === undefined || value === "") return "–";
  if (field === "progress") return `${String(value)} %`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
