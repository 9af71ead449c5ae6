import type { UseQueryResult } from "@tanstack/preact-query";
import { useRef, useState } from "preact/hooks";
import type { TaskCountsDocument, TaskListDocument } from "../../../../src/client/types.ts";
import { statsApi, tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { nowMs } from "../../clock.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams } from "../../view/task-filter.ts";
import type { Moments } from "../../view/time-range.ts";
import { nextRows, type Row } from "./list-rows.ts";
import { type ListView, newerMoments, pinMoment, viewMoments, writeListView } from "./list-view.ts";

/** What is listed, and whether it stands still. */
export interface ShownTasks {
  readonly answer: UseQueryResult<TaskListDocument, Error>;
  /** Undefined until the first answer. */
  readonly rows: readonly Row[] | undefined;
  /** The rows are still those of the view before. */
  readonly isWaiting: boolean;
  /** How many tasks the whole filter matches; undefined until the first answer. */
  readonly total: number | undefined;
  /** Whether the page has other tasks by now than those that the list, standing still, shows. */
  readonly hasChanged: boolean;
  /** When the server last said what is shown; 0 until it did. */
  readonly seenAtMs: number;
  /** The moment at which the list stands still. */
  readonly pinnedMs: number | undefined;
  /** Which creation times are listed. */
  readonly moments: Moments;
  /** How many tasks of the filter were created since. */
  readonly newer: number;
  /** When the list would come to stand still, if it did now. */
  readonly pinNow: () => number;
  /** Lets the list stand still for as long as this view is looked at. */
  readonly pin: () => void;
  readonly unpin: () => void;
  /** Shows the page as it is now: without those that have left, and with what has moved up. */
  readonly refresh: () => void;
}

/** The tasks of a view. The first page is alive until somebody begins to read; then a poll moves nothing any more. */
export function useTasks(view: ListView, firstPinMs: number | undefined): ShownTasks {
  const { project } = useReader();
  const [refreshes, setRefreshes] = useState(0);
  const key = `${writeListView(view)}#${refreshes}`;
  const [held, setHeld] = useState(() =>
    firstPinMs === undefined ? undefined : { key, pinnedMs: firstPinMs },
  );
  const heldMs = held?.key === key ? held.pinnedMs : undefined;
  const pinnedMs = view.asOfMs ?? heldMs;

  const moments = viewMoments(view.filter.range, { nowMs: nowMs(), pinnedMs });
  const params = apiParams(view.filter, moments);
  if (view.order === "oldest") params.set("sort", "created_at");
  params.set("limit", String(view.size));
  if (view.page > 1) params.set("offset", String((view.page - 1) * view.size));
  const answer = usePolled<TaskListDocument>(tasksApi(project.id, params));

  const shown = useRef<Shown>();
  const { data, isPlaceholderData, isFetching, dataUpdatedAt } = answer;
  if (data !== undefined && !isPlaceholderData) {
    const now = { key, document: data, seenAtMs: dataUpdatedAt, isFirm: !isFetching };
    shown.current = shownNext(shown.current, now, pinnedMs !== undefined);
  }
  const rows = shown.current?.rows;

  const pinNow = () =>
    pinMoment(
      nowMs(),
      (rows ?? []).map(({ task }) => task),
    );
  return {
    answer,
    rows,
    isWaiting: shown.current?.key !== key,
    total: shown.current?.document.total,
    hasChanged: shown.current !== undefined && differs(shown.current),
    seenAtMs: shown.current?.seenAtMs ?? 0,
    pinnedMs,
    moments,
    newer: useNewer(view, pinnedMs),
    pinNow,
    pin: () => {
      // At the end of a list that begins with the oldest new tasks move nothing.
      if (pinnedMs !== undefined || view.order === "oldest") return;
      if (rows !== undefined && shown.current?.key === key) setHeld({ key, pinnedMs: pinNow() });
    },
    unpin: () => setHeld(undefined),
    refresh: () => {
      setRefreshes(refreshes + 1);
      if (heldMs !== undefined) setHeld({ key: `${writeListView(view)}#${refreshes + 1}`, pinnedMs: heldMs });
    },
  };
}

/** An answer, for which view it is, and when it came. */
interface Seen {
  readonly key: string;
  readonly document: TaskListDocument;
  readonly seenAtMs: number;
  /** It is no remembered answer that another one is about to replace. */
  readonly isFirm: boolean;
}

interface Shown extends Seen {
  readonly rows: readonly Row[];
}

function differs({ document, rows }: Shown): boolean {
  return rows.some(({ hasLeft }) => hasLeft) || rows.length !== document.tasks.length;
}

function shownNext(before: Shown | undefined, now: Seen, isPinned: boolean): Shown {
  if (before?.key !== now.key) return { ...now, rows: nextRows(undefined, now.document.tasks, isPinned) };
  // The live view's last answer may be older than what has been seen since, while the list stood still.
  if (now.seenAtMs < before.seenAtMs) return before;
  const isFirm = before.isFirm || now.isFirm;
  if (now.document === before.document) return { ...now, isFirm, rows: before.rows };
  const rows = nextRows(before.isFirm ? before.rows : undefined, now.document.tasks, isPinned);
  return { ...now, isFirm, rows };
}

function useNewer({ filter }: ListView, pinnedMs: number | undefined): number {
  const { project } = useReader();
  const moments = pinnedMs === undefined ? undefined : newerMoments(filter.range, pinnedMs);
  const answer = usePolled<TaskCountsDocument>(
    moments === undefined ? undefined : statsApi(project.id, apiParams(filter, moments)),
    { keepsLast: false },
  );
  return answer.data?.total ?? 0;
}
