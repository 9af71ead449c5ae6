import { readFilter, type TaskFilter, writeFilter } from "../../view/task-filter.ts";
import { type Moments, momentsOf, momentText, readMoment, type TimeRange } from "../../view/time-range.ts";

export const pageSizes = [25, 50, 100, 200] as const;
/** How many tasks a page shows. */
export type PageSize = (typeof pageSizes)[number];
const usualSize: PageSize = 50;

/** By when the tasks were created. */
export type ListOrder = "newest" | "oldest";

/** What the list shows, as the page's address says it. */
export interface ListView {
  readonly filter: TaskFilter;
  readonly order: ListOrder;
  readonly size: PageSize;
  /** From 1. */
  readonly page: number;
  /** Later tasks are not in it, so that they do not shift its pages; undefined where new tasks appear as they come. */
  readonly asOfMs: number | undefined;
}

/** The furthest page that an address may name: beyond it the server could not count in whole numbers. */
const maxPage = 1_000_000_000;

/** Reads the page's address; what makes no sense there is left out. */
export function readListView(params: URLSearchParams): ListView {
  const size = Number(params.get("size"));
  return {
    filter: readFilter(params),
    order: params.get("sort") === "oldest" ? "oldest" : "newest",
    size: pageSizes.find((one) => one === size) ?? usualSize,
    page: readPageNumber(params.get("page") ?? "") ?? 1,
    asOfMs: readMoment(params.get("as_of")),
  };
}

/** Writes the page's address: what is as usual is not in it. */
export function writeListView(view: ListView): URLSearchParams {
  const params = writeFilter(view.filter);
  if (view.order === "oldest") params.set("sort", "oldest");
  if (view.size !== usualSize) params.set("size", String(view.size));
  if (view.page > 1) params.set("page", String(view.page));
  if (view.asOfMs !== undefined) params.set("as_of", momentText(view.asOfMs));
  return params;
}

/** Another filter is another list: it is looked at from its beginning, and as it is now. */
export function withFilter(view: ListView, filter: TaskFilter): ListView {
  return { ...view, filter, page: 1, asOfMs: undefined };
}

/** Reads a page's number as people write it, `1,234` too; undefined where it is none. */
export function readPageNumber(text: string): number | undefined {
  const digits = text.trim().replace(/(?<=\d),(?=\d{3})/g, "");
  if (!/^[0-9]{1,12}$/.test(digits)) return undefined;
  const page = Number(digits);
  return page < 1 || page > maxPage ? undefined : page;
}

/** How many pages there are; one, of nothing, where there are no tasks. */
export function pageCount(total: number, size: number): number {
  return Math.max(1, Math.ceil(total / size));
}

/**
 * Which creation times are asked for: the range, up to the moment at which the list stands still. What a range like the
 * last hour means is decided at that moment too, so that its total stays what it was.
 */
export function viewMoments(
  range: TimeRange,
  when: { readonly nowMs: number; readonly pinnedMs: number | undefined },
): Moments {
  const { nowMs, pinnedMs } = when;
  const { fromMs, toMs } = momentsOf(range, pinnedMs ?? nowMs);
  if (pinnedMs === undefined) return { fromMs, toMs };
  return { fromMs, toMs: Math.min(toMs ?? pinnedMs, pinnedMs) };
}

/** Which creation times lie beyond the moment at which the list stands still; undefined where the range ends before. */
export function newerMoments(range: TimeRange, pinnedMs: number): Moments | undefined {
  const fromMs = pinnedMs + 1;
  if (range.kind !== "between") return { fromMs, toMs: undefined };
  if (range.toMs !== undefined && range.toMs < fromMs) return undefined;
  return { fromMs: Math.max(fromMs, range.fromMs ?? fromMs), toMs: range.toMs };
}

/**
 * The moment at which a list comes to stand still: now, or when the newest of the shown tasks was created, where that is
 * later. Producers may be ahead of the reader's clock, and no shown task must go away.
 */
export function pinMoment(nowMs: number, shown: readonly { readonly created_at: string }[]): number {
  return shown.reduce((latest, { created_at }) => Math.max(latest, Date.parse(created_at)), nowMs);
}

/**
 * Which creation times the tasks have that come before a moment in the list's order: how many those are is the place at
 * which the list reaches the moment.
 */
export function momentsBefore(order: ListOrder, atMs: number, { fromMs, toMs }: Moments): Moments {
  return order === "newest"
    ? { fromMs: Math.max(atMs + 1, fromMs ?? atMs + 1), toMs }
    : { fromMs, toMs: Math.min(atMs - 1, toMs ?? atMs - 1) };
}

/** Where the task of a rank is found; the last task for a rank past the end. */
export function placeOfRank(
  rank: number,
  list: { readonly total: number; readonly size: number },
): { readonly page: number; readonly row: number } {
  const known = Math.max(0, Math.min(rank, list.total - 1));
  return { page: Math.floor(known / list.size) + 1, row: known % list.size };
}
