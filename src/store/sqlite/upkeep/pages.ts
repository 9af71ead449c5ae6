import type { DatabaseSync } from "node:sqlite";

/** How the engine looks through all pages of a file; the full way holds each index against its table, too. */
export type PageCheck = "quick_check" | "integrity_check";

/** How many faults are asked for at most: there can be one for every row. */
const maxFaults = 10;

/**
 * What the engine finds wrong, in its own words without their headings: they name tables, indexes, rows by number, and
 * pages. What it has found is told before it breaks off at a page that it cannot read.
 *
 * @throws the engine's errors.
 */
export function* faultsOfPages(database: DatabaseSync, check: PageCheck): Generator<string> {
  for (const row of database.prepare(`PRAGMA ${check}(${maxFaults})`).iterate()) {
    for (const line of String(row[check]).split("\n")) {
      if (line !== "ok" && !line.startsWith("***")) yield line;
    }
  }
}
