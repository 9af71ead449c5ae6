import type { Options } from "minisearch";

/** A section that the search can find. */
export interface Found {
  /** The title of its page. */
  readonly page: string;
  readonly heading: string;
  readonly text: string;
  /** Below the documentation's own address: `reference/errors#internal`. */
  readonly address: string;
}

/** A letter may be wrong in a long word; among short ones it would be another word. */
function leniency(term: string): number | false {
  return term.length > 5 ? 0.15 : false;
}

/** The index is made by the build and read by the page: both must say the same of it. */
export const searchOptions = {
  fields: ["heading", "page", "text"],
  storeFields: ["page", "heading", "text", "address"],
  searchOptions: { boost: { heading: 4, page: 2 }, prefix: true, fuzzy: leniency, combineWith: "AND" },
} satisfies Options<Found>;
