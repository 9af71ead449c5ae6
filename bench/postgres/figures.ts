import { table } from "table";
import { shown } from "../finding.ts";

/** Something measured for which there is no aim: what sizes are calculated from. */
export interface Figure {
  readonly what: string;
  readonly figure: string;
  /** What it was made from, or under what circumstances. */
  readonly from: string;
}

/** What one operation costs, in microseconds of CPU time: the servers, the database where that is known, the load. */
export interface CpuMicros {
  readonly server: number;
  readonly database: number | undefined;
  readonly load?: number;
}

export function cpuText({ server, database, load }: CpuMicros): string {
  const parts = [`server ${micros(server)}`];
  if (database !== undefined) parts.push(`database ${micros(database)}`);
  if (load !== undefined) parts.push(`load ${micros(load)}`);
  return `CPU ${parts.join(", ")}`;
}

export function micros(value: number): string {
  return `${shown(value, value < 10 ? 1 : 0)} µs`;
}

export function milliseconds(value: number): string {
  return `${shown(value, 1)} ms`;
}

const left = { alignment: "left" } as const;

export function renderFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, figure, from }) => [what, figure, from]);
  return table([["what", "figure", "from"], ...rows], {
    columns: [
      { ...left, width: 44, wrapWord: true },
      { alignment: "right" },
      { ...left, width: 70, wrapWord: true },
    ],
    drawHorizontalLine: (line, count) => line < 2 || line === count,
  });
}
