import MiniSearch from "minisearch";
import { type Found, searchOptions } from "../../web/docs/search-options.ts";
import type { RenderedPage } from "./markdown.ts";

/** An index over every section of every page, as the page's script reads it. */
export function searchIndexOf(pages: readonly RenderedPage[]): string {
  const index = new MiniSearch<Found & { readonly id: number }>(searchOptions);
  let id = 0;
  for (const page of pages) {
    for (const { heading, text } of page.sections) {
      const anchor = heading.level === 1 ? "" : `#${heading.anchor}`;
      id += 1;
      index.add({ id, page: page.title, heading: heading.text, text, address: page.source.address + anchor });
    }
  }
  return JSON.stringify(index);
}
