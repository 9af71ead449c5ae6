import { pathOf } from "./faces.ts";

/** The links of a page to its neighbours, as RFC 8288 writes them: first, prev, next and last. */
export function pageLinks(
  url: string,
  page: { readonly offset: number; readonly limit: number; readonly total: number },
): string {
  const { offset, limit, total } = page;
  const path = pathOf(url);
  const query = url.slice(path.length + 1);
  const link = (relation: string, target: number) => {
    const parameters = new URLSearchParams(query);
    parameters.set("offset", String(target));
    parameters.set("limit", String(limit));
    return `<${path}?${parameters}>; rel="${relation}"`;
  };
  const lastOffset = total === 0 ? 0 : Math.floor((total - 1) / limit) * limit;
  return [
    link("first", 0),
    ...(offset > 0 ? [link("prev", Math.max(0, Math.min(offset - limit, lastOffset)))] : []),
    ...(offset + limit < total ? [link("next", offset + limit)] : []),
    link("last", lastOffset),
  ].join(", ");
}
