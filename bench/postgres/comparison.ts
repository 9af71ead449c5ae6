import { table } from "table";
import { perSecond, shown } from "../finding.ts";
import type { Load } from "../load.ts";
import { median } from "../statistics.ts";

/** A figure of both stores, and what PostgreSQL's is of SQLite's. */
export interface Comparison {
  readonly what: string;
  readonly sqlite: string;
  readonly postgres: string;
  readonly ratio: number;
  /** The CPU time that one answer costs: the server on each store, and the database beside it where that is known. */
  readonly cpuMicros?: {
    readonly sqlite: number;
    readonly postgres: number;
    readonly database: number | undefined;
  };
}

/** A round of both, one next to the other. */
export interface ComparedLoads {
  readonly sqlite: Load;
  readonly postgres: Load;
  /** What one answer of PostgreSQL's round has cost the database. */
  readonly databaseMicros: number | undefined;
}

/** The rounds of both as one line: medians, and the median of the rounds' ratios. */
export function compareLoads(what: string, rounds: readonly ComparedLoads[]): Comparison {
  const middle = (of: (round: ComparedLoads) => number) => median(rounds.map(of));
  const known = rounds.flatMap(({ databaseMicros }) => databaseMicros ?? []);
  const describe = (of: (round: ComparedLoads) => Load) =>
    `${perSecond(middle((round) => of(round).perSecond))}, ${shown(
      middle((round) => of(round).p99Ms),
      1,
    )} ms`;
  return {
    what,
    sqlite: describe(({ sqlite }) => sqlite),
    postgres: describe(({ postgres }) => postgres),
    ratio: middle(({ sqlite, postgres }) => postgres.perSecond / sqlite.perSecond),
    cpuMicros: {
      sqlite: middle(({ sqlite }) => sqlite.cpuMicros),
      postgres: middle(({ postgres }) => postgres.cpuMicros),
      database: known.length === 0 ? undefined : median(known),
    },
  };
}

/** Two amounts of one unit as a line. */
export function compareAmounts(
  what: string,
  unit: string,
  amounts: { readonly sqlite: number; readonly postgres: number },
): Comparison {
  const { sqlite, postgres } = amounts;
  const show = (amount: number) => `${shown(amount, 0)} ${unit}`;
  return { what, sqlite: show(sqlite), postgres: show(postgres), ratio: postgres / sqlite };
}

const left = { alignment: "left" } as const;
const right = { alignment: "right" } as const;

/** Both stores side by side. */
export function renderComparisons(comparisons: readonly Comparison[]): string {
  const heading = [
    "what",
    "SQLite, p99",
    "PostgreSQL, p99",
    "ratio",
    "CPU µs: SQLite",
    "PostgreSQL: server + database",
  ];
  const rows = comparisons.map(({ what, sqlite, postgres, ratio, cpuMicros }) => [
    what,
    sqlite,
    postgres,
    ratio.toFixed(3),
    cpuMicros === undefined ? "" : shown(cpuMicros.sqlite, 0),
    cpuMicros === undefined ? "" : `${shown(cpuMicros.postgres, 0)} + ${microsText(cpuMicros.database)}`,
  ]);
  return table([heading, ...rows], {
    columns: [left, right, right, right, right, right],
    drawHorizontalLine: (line, count) => line < 2 || line === count,
  });
}

function microsText(micros: number | undefined): string {
  return micros === undefined ? "?" : shown(micros, 0);
}
