import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** One step from a schema to the next. */
export interface Migration {
  readonly number: number;
  /** The file's name without its ending: `0001_tasks`. */
  readonly name: string;
  readonly sql: string;
}

/** What a store remembers of a step that was made. */
export type AppliedMigration = readonly [number: number, name: string, sha256: string];

/** Whose store it is, as the steps tell that were made in it. */
export type Origin =
  /** A store of this program, in which so many steps were made; none in an empty one. */
  | { readonly isOurs: true; readonly made: number }
  /** The reason follows what the store is called: "was written by a newer program". */
  | { readonly isOurs: false; readonly reason: string };

/** Reads the steps in a folder, first to last. */
export function readSteps(folder: URL): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => stepOfFile(file, readFileSync(new URL(file, folder), "utf8")));
}

export function stepOfFile(file: string, sql: string): Migration {
  return { number: Number.parseInt(file, 10), name: file.slice(0, -".sql".length), sql };
}

/** Holds the steps that were made in a store against this program's: they must be the first ones of ours. */
export function originOf<Applied extends readonly [...AppliedMigration, ...unknown[]]>(
  applied: readonly Applied[],
  migrations: readonly Migration[],
  /** Whether this program can work with what a step has made that it does not know. */
  worksWith: (unknown: Applied) => boolean = () => false,
): Origin {
  for (const [index, step] of applied.entries()) {
    const [number, name, sha256] = step;
    const own = migrations[index];
    if (own === undefined) {
      if (worksWith(step)) continue;
      return { isOurs: false, reason: `was written by a newer program, which made migration ${name}` };
    }
    if (own.number !== number || own.name !== name || sha256Of(own) !== sha256) {
      const reason = `has a migration ${name} that is not the one which this program would have made`;
      return { isOurs: false, reason };
    }
  }
  return { isOurs: true, made: applied.length };
}

export function sha256Of({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}
