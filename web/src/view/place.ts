/**
 * Where the reader was when they left the list for a task. It lies in the browser's history beside the page's address,
 * so that going back leads to the very place, and a link does not.
 */
export interface Place {
  /** The moment at which the list stood still. */
  readonly pinnedMs: number;
  readonly taskId: string;
  /** How far the table, and the window, were scrolled. */
  readonly tableTop: number;
  readonly windowTop: number;
}

/** Reads what the browser's history keeps for the page that is shown; undefined where that is no place. */
export function readPlace(state: unknown): Place | undefined {
  if (typeof state !== "object" || state === null || !("place" in state)) return undefined;
  const { pinnedMs, taskId, tableTop, windowTop } = Object(state.place) as Record<string, unknown>;
  if (typeof pinnedMs !== "number" || typeof taskId !== "string") return undefined;
  return { pinnedMs, taskId, tableTop: Number(tableTop) || 0, windowTop: Number(windowTop) || 0 };
}

/** What is written into the browser's history, beside what it keeps for the page already. */
export function placeState(place: Place, state: unknown): object {
  return { ...Object(state), place };
}
