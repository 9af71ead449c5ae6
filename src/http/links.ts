import { pathOf } from "./faces.ts";

/** The links of a page by offset to its neighbours, as RFC 8288 writes them: first, prev, next and last. */
export function pageLinks(
  url: string,
  page: { readonly offset: number; readonly limit: number; readonly total: number },
): string {
  const { offset, limit, total } = page;
  const link = (relation: string, target: number) =>
    linkTo(url, relation, { offset: String(target), limit: String(limit) });
  const lastOffset = total === 0 ? 0 : Math.floor((total - 1) / limit) * limit;
  return [
    link("first", 0),
    ...(offset > 0 ? [link("prev", Math.max(0, Math.min(offset - limit, lastOffset)))] : []),
    ...(offset + limit < total ? [link("next", offset + limit)] : []),
    link("last", lastOffset),
  ].join(", ");
}

/** The links of a page by cursor: the first page, which needs none, and the next. A cursor leads nowhere else. */
export function cursorLinks(
  url: string,
  page: { readonly limit: number; readonly nextCursor: string | null },
): string {
  const limit = String(page.limit);
  return [
    linkTo(url, "first", { cursor: undefined, limit }),
    ...(page.nextCursor === null ? [] : [linkTo(url, "next", { cursor: page.nextCursor, limit })]),
  ].join(", ");
}

/** The address that was asked for, with some parameters set, or taken off. */
function linkTo(
  url: string,
  relation: string,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const path = pathOf(url);
  const parameters = new URLSearchParams(url.slice(path.length + 1));
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) parameters.delete(key);
    else parameters.set(key, value);
  }
  return `<${path}?${parameters}>; rel="${relation}"`;
}
