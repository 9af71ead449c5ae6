/** A value that a filter could have, and how many tasks have it under the other conditions. */
export interface Facet {
  readonly value: string;
  readonly count: number;
}

/** How many values are shown at once: more nobody reads, and a search finds the others. */
export const maxFacets = 100;

/**
 * What a list of values shows: those that the reader looks for, most tasks first. What is chosen is there even where no
 * task has it, so that it can be taken back.
 */
export function shownFacets(options: {
  readonly counted: readonly Facet[];
  readonly chosen: readonly string[];
  readonly wanted: string;
}): { readonly facets: readonly Facet[]; readonly hidden: number } {
  const { counted, chosen, wanted } = options;
  const known = new Set(counted.map(({ value }) => value));
  const missing = chosen.filter((value) => !known.has(value)).map((value) => ({ value, count: 0 }));
  const text = wanted.toLowerCase();
  const found = [...missing, ...counted]
    .filter(({ value }) => value.toLowerCase().includes(text))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  return { facets: found.slice(0, maxFacets), hidden: Math.max(0, found.length - maxFacets) };
}

/** The distinct texts that some tasks have, most frequent first: to be offered where they cannot be counted. */
export function frequentTexts(texts: readonly string[], limit: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([text]) => text);
}
