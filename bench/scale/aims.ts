import { table } from "table";
import { shown } from "../finding.ts";

/** A line of the table of aims: what is measured, and what it should be. */
interface AimLine {
  readonly what: string;
  /** Which way is better. */
  readonly better: "more" | "less";
  readonly aim: number;
  /** What would be more than good; a word where no number says it. */
  readonly beyond: number | string;
  readonly show: (value: number) => string;
}

const ratio = (value: number): string => shown(value, value < 0.1 ? 3 : 2);
const count = (value: number): string => shown(value, 0);
const mebibytes = (value: number): string => `${shown(value, 0)} MiB`;
const seconds = (value: number): string => `${shown(value, 1)} s`;

/** What a large store should reach. 10 and 11 are PostgreSQL's alone. */
export const aims = {
  1: {
    what: "lists, random projects and windows, exact total ÷ bare constant",
    better: "more",
    aim: 0.2,
    beyond: 0.4,
    show: ratio,
  },
  2: { what: "the same list polled ÷ bare constant", better: "more", aim: 0.5, beyond: 0.7, show: ratio },
  3: { what: "single task ÷ bare constant", better: "more", aim: 0.4, beyond: 0.55, show: ratio },
  4: {
    what: "page at a tenth of all tasks' depth ÷ first page, cost",
    better: "less",
    aim: 2,
    beyond: 1.3,
    show: ratio,
  },
  5: {
    what: "total of a ragged 30-day window ÷ the same in a small store, cost",
    better: "less",
    aim: 2,
    beyond: 1.2,
    show: ratio,
  },
  6: {
    what: "total with status, name or both ÷ plain total, cost",
    better: "less",
    aim: 2,
    beyond: 1.2,
    show: ratio,
  },
  7: { what: "batch ingest ÷ into a bare table", better: "more", aim: 0.1, beyond: 0.25, show: ratio },
  8: { what: "durable creates a second", better: "more", aim: 5000, beyond: 15_000, show: count },
  9: { what: "durable reports a second", better: "more", aim: 10_000, beyond: 25_000, show: count },
  10: {
    what: "PostgreSQL: page + exact total ÷ page alone, cost",
    better: "less",
    aim: 1.5,
    beyond: 1.2,
    show: ratio,
  },
  11: {
    what: "PostgreSQL: creates a second with 4 servers ÷ with 1, one project",
    better: "more",
    aim: 1.5,
    beyond: 2.5,
    show: ratio,
  },
  12: { what: "resident memory under load", better: "less", aim: 250, beyond: 150, show: mebibytes },
  13: {
    what: "p99 of lists ÷ p99 of a bare server that stringifies 10 rows",
    better: "less",
    aim: 3,
    beyond: 1.5,
    show: ratio,
  },
  14: {
    what: "p99 of lists while retention deletes ÷ without",
    better: "less",
    aim: 2,
    beyond: 1.2,
    show: ratio,
  },
  15: { what: "full rebuild of the counts", better: "less", aim: 60, beyond: "online", show: seconds },
} as const satisfies Record<number, AimLine>;

export type AimNumber = keyof typeof aims;

/** A line that was measured. */
export interface AimFinding {
  readonly number: AimNumber;
  readonly value: number;
  /** What the value was made from. */
  readonly from: string;
}

const verdicts = { beyond: "beyond", met: "met", missed: "missed" } as const;

/** How a value stands to its aim. A missed aim is shown and is no failure: machines are noisy. */
function verdictOn({ number, value }: AimFinding): string {
  const { better, aim, beyond }: AimLine = aims[number];
  const reaches = (bound: number) => (better === "more" ? value >= bound : value <= bound);
  if (typeof beyond === "number" && reaches(beyond)) return verdicts.beyond;
  return reaches(aim) ? verdicts.met : verdicts.missed;
}

const left = { alignment: "left" } as const;
const right = { alignment: "right" } as const;

/** The findings by their numbers, aim and figure side by side. */
export function renderAims(findings: readonly AimFinding[]): string {
  const heading = ["#", "what", "from", "figure", "aim", "beyond", ""];
  const rows = findings
    .toSorted((a, b) => a.number - b.number)
    .map((finding) => {
      const { what, better, aim, beyond, show }: AimLine = aims[finding.number];
      const bound = better === "more" ? "≥" : "≤";
      return [
        String(finding.number),
        what,
        finding.from,
        show(finding.value),
        `${bound} ${show(aim)}`,
        typeof beyond === "number" ? `${bound} ${show(beyond)}` : beyond,
        verdictOn(finding),
      ];
    });
  return table([heading, ...rows], {
    columns: [
      right,
      { ...left, width: 36, wrapWord: true },
      { ...left, width: 44, wrapWord: true },
      right,
      left,
      left,
      left,
    ],
    drawHorizontalLine: (line, rowCount) => line < 2 || line === rowCount,
  });
}

/** The same line as it is told while the run goes on. */
export function tellAim({ number, value, from }: AimFinding): string {
  const { what, show }: AimLine = aims[number];
  return `${number}. ${what}: ${show(value)} (${from})`;
}
