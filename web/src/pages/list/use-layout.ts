import { useEffect, useState } from "preact/hooks";
import { keep, readKept } from "../../theme.ts";
import type { TaskFilter } from "../../view/task-filter.ts";
import { type Column, columnsText, readColumns, usualColumns, type Width } from "./columns.ts";

/** Where the table gives way to cards, and where it gets more columns: 61.5 rem of the usual ones fit a window of 64. */
const phoneQuery = "(max-width: 47.99rem)";
const mediumQuery = "(min-width: 64rem)";
const wideQuery = "(min-width: 80rem)";

const columnsKey = "taskcenter.list.columns";
const timesKey = "taskcenter.list.times";

/** How the table looks to this reader, in this window: the browser keeps what was chosen. */
export interface Layout {
  readonly width: Width;
  readonly columns: readonly Column[];
  readonly hasChosenColumns: boolean;
  /** Undefined for the usual ones. */
  readonly chooseColumns: (chosen: readonly Column[] | undefined) => void;
  /** Whether times are moments rather than ages. */
  readonly showsMoments: boolean;
  readonly chooseMoments: (showsMoments: boolean) => void;
}

export function useLayout(filter: TaskFilter): Layout {
  const width = useWidth();
  const [chosen, setChosen] = useState(() => readColumns(readKept(columnsKey)));
  const [showsMoments, setShowsMoments] = useState(() => readKept(timesKey) === "moments");
  return {
    width,
    columns: chosen ?? usualColumns(width, filter),
    hasChosenColumns: chosen !== undefined,
    chooseColumns: (columns) => {
      keep(columnsKey, columnsText(columns));
      setChosen(columns);
    },
    showsMoments,
    chooseMoments: (moments) => {
      keep(timesKey, moments ? "moments" : "ages");
      setShowsMoments(moments);
    },
  };
}

function useWidth(): Width {
  const [width, setWidth] = useState(readWidth);
  useEffect(() => {
    const queries = [phoneQuery, mediumQuery, wideQuery].map((query) => matchMedia(query));
    const onChange = () => setWidth(readWidth());
    for (const query of queries) query.addEventListener("change", onChange);
    return () => {
      for (const query of queries) query.removeEventListener("change", onChange);
    };
  }, []);
  return width;
}

function readWidth(): Width {
  if (matchMedia(phoneQuery).matches) return "phone";
  if (matchMedia(wideQuery).matches) return "wide";
  return matchMedia(mediumQuery).matches ? "medium" : "narrow";
}
