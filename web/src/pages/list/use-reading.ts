import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Place, placeState } from "../../view/place.ts";
import type { Row } from "./list-rows.ts";

/** How far somebody may have scrolled and still be at the top, in pixels. */
const topPx = 8;

/** Which row is to be reached once the rows are there: by its number, or by its task. */
export type WantedRow = { readonly row: number } | { readonly taskId: string };

/** Where the reader is among the rows: which one the keyboard is at, and how far they have scrolled. */
export interface Reading {
  /** Holds the rows, and is what scrolls where the window does not. */
  readonly table: RefObject<HTMLDivElement>;
  /** The row that the Tab key reaches: of a long list only one is on its way. */
  readonly currentId: string | undefined;
  readonly onRowFocus: (taskId: string) => void;
  /** To the row after or before, by keyboard. */
  readonly move: (step: 1 | -1) => void;
  /** To a row of a view that is on its way, by its address. */
  readonly reach: (wanted: WantedRow, address: string) => void;
  readonly isInTable: () => boolean;
  readonly isAtTop: () => boolean;
  readonly toTop: () => void;
  /** Writes the place into the browser's history, for whoever comes back. */
  readonly leave: (taskId: string, pinnedMs: number) => void;
}

export function useReading(options: {
  readonly rows: readonly Row[] | undefined;
  readonly isWaiting: boolean;
  /** The address of the view that the rows are of, once nothing is waited for. */
  readonly address: string;
  /** Where the reader had been when they come back. */
  readonly place: Place | undefined;
  /** The reader has begun to read: what they look at must not move. */
  readonly onRead: () => void;
}): Reading {
  const { rows, isWaiting, address, place, onRead } = options;
  const table = useRef<HTMLDivElement>(null);
  const [focusedId, setFocusedId] = useState<string>();
  const wanted = useRef<{ readonly row: WantedRow; readonly address: string } | undefined>(
    place === undefined ? undefined : { row: { taskId: place.taskId }, address },
  );
  const comesBack = useRef(place);

  const links = () => [...(table.current?.querySelectorAll<HTMLElement>("[data-task]") ?? [])];
  const isKnown = rows?.some(({ task }) => task.id === focusedId) ?? false;
  const isInTable = () => table.current?.contains(document.activeElement) ?? false;
  // On a phone the window scrolls, with the filters above the rows.
  const isAtTop = () => (table.current?.scrollTop ?? 0) <= topPx && window.scrollY <= topPx;

  const read = useRef(onRead);
  read.current = onRead;
  useEffect(() => {
    const element = table.current;
    const onScroll = () => {
      if (!isAtTop()) read.current();
    };
    element?.addEventListener("scroll", onScroll, { passive: true });
    window.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      element?.removeEventListener("scroll", onScroll);
      window.removeEventListener("scroll", onScroll);
    };
  }, []);

  useEffect(() => {
    // What was shown before may be drawn once more on the way: only the rows of that view have the row.
    if (wanted.current?.address !== address || isWaiting || rows === undefined) return;
    const target = wanted.current.row;
    wanted.current = undefined;
    const found = links();
    const link =
      "row" in target
        ? (found[target.row] ?? found.at(-1))
        : found.find(({ dataset }) => dataset.task === target.taskId);
    const back = comesBack.current;
    comesBack.current = undefined;
    if (back !== undefined) {
      if (table.current !== null) table.current.scrollTop = back.tableTop;
      window.scrollTo(0, back.windowTop);
    }
    link?.focus({ preventScroll: true });
    // What comes before a wanted row, and what follows it, is worth seeing with it.
    if (back === undefined) link?.scrollIntoView({ block: "center" });
  });

  return {
    table,
    currentId: isKnown ? focusedId : rows?.[0]?.task.id,
    onRowFocus: (taskId) => {
      setFocusedId(taskId);
      onRead();
    },
    move: (step) => {
      const all = links();
      const at = all.findIndex(({ dataset }) => dataset.task === focusedId);
      // Who is not among the rows comes to where they were, or to the first one.
      const next = isInTable() ? all[at + step] : all[Math.max(at, 0)];
      next?.focus();
    },
    reach: (row, of) => {
      wanted.current = { row, address: of };
    },
    isInTable,
    isAtTop,
    toTop: () => {
      table.current?.scrollTo(0, 0);
      window.scrollTo(0, 0);
    },
    leave: (taskId, pinnedMs) => {
      const here: Place = {
        pinnedMs,
        taskId,
        tableTop: table.current?.scrollTop ?? 0,
        windowTop: window.scrollY,
      };
      history.replaceState(placeState(here, history.state), "");
    },
  };
}
