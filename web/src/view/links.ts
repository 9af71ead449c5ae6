import { emptyFilter, type TaskFilter, writeFilter } from "./task-filter.ts";

/** The addresses of the console's pages, below its root: every figure that is shown leads to one of these. */

export function overviewPath(projectId: string, filter: Partial<TaskFilter> = {}): string {
  return withQuery(`/${encodeURIComponent(projectId)}`, writeFilter({ ...emptyFilter, ...filter }));
}

export function listPath(projectId: string, filter: Partial<TaskFilter> = {}): string {
  return withQuery(`/${encodeURIComponent(projectId)}/tasks`, writeFilter({ ...emptyFilter, ...filter }));
}

export function taskPath(projectId: string, id: string): string {
  return `/${encodeURIComponent(projectId)}/tasks/${encodeURIComponent(id)}`;
}

/** The id that a part of an address spells. What spells nothing is an id that nothing has, and is shown as it stands. */
export function idIn(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function withQuery(path: string, params: URLSearchParams): string {
  const query = params.toString();
  return query === "" ? path : `${path}?${query}`;
}
