import { table } from "table";
import type { Load } from "./load.ts";
import { median } from "./statistics.ts";

/** One line of the table: something measured. */
export interface Finding {
  readonly what: string;
  readonly figure: string;
  /** The latency of one request. */
  readonly latency?: { readonly p50Ms: number; readonly p99Ms: number };
  /** The CPU time that one request costs the server. */
  readonly cpuMicros?: number;
  /** What the bare server does is 1: by the rates, and by the CPU time of one request. */
  readonly ofBare?: { readonly rate: number; readonly cpu: number };
  readonly aim?: Aim;
}

/** What a figure should be. A missed aim is shown and is no failure: machines are noisy. */
export interface Aim {
  readonly text: string;
  readonly met: boolean;
}

/** The aim of a ratio or rate: more is better. */
export function atLeast(aim: number, measured: number): Aim {
  return { text: `≥ ${shown(aim)}`, met: measured >= aim };
}

/** The aim of a duration: less is better. */
export function under(aim: number, measured: number): Aim {
  return { text: `< ${shown(aim)}`, met: measured < aim };
}

/** The aim of a cost: no more than that. */
export function atMost(aim: number, measured: number, show: (value: number) => string): Aim {
  return { text: `≤ ${show(aim)}`, met: measured <= aim };
}

/** A number as people read it. */
export function shown(value: number, decimals = 2): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals });
}

/** A rate in whole requests. */
export function perSecond(rate: number): string {
  return `${shown(rate, 0)} /s`;
}

/** A share of one in percent. */
export function percent(share: number): string {
  return `${shown(share * 100, 1)} %`;
}

/** A duration as a multiple of the same on an idle server. */
export function timesIdle(ratio: number): string {
  return `${shown(ratio, 1)} × idle`;
}

/** The rounds of one measurement as figures: the median of each. */
export function describeLoads(loads: readonly Load[]): Pick<Finding, "figure" | "latency" | "cpuMicros"> {
  return {
    figure: perSecond(median(loads.map((load) => load.perSecond))),
    latency: {
      p50Ms: median(loads.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(loads.map(({ p99Ms }) => p99Ms)),
    },
    cpuMicros: median(loads.map(({ cpuMicros }) => cpuMicros)),
  };
}

const left = { alignment: "left" } as const;
const right = { alignment: "right" } as const;

/** The findings as one table. */
export function renderFindings(findings: readonly Finding[]): string {
  const heading = ["what", "figure", "p50 / p99 ms", "CPU µs", "of bare: rate / CPU", "aim", ""];
  const rows = findings.map(({ what, figure, latency, cpuMicros, ofBare, aim }) => [
    what,
    figure,
    latency === undefined ? "" : `${latency.p50Ms.toFixed(1)} / ${latency.p99Ms.toFixed(1)}`,
    cpuMicros === undefined ? "" : shown(cpuMicros, 0),
    ofBare === undefined ? "" : `${ofBare.rate.toFixed(3)} / ${ofBare.cpu.toFixed(3)}`,
    aim?.text ?? "",
    aim === undefined ? "" : aim.met ? "met" : "missed",
  ]);
  return table([heading, ...rows], {
    columns: [left, right, right, right, right, left, left],
    drawHorizontalLine: (line, count) => line < 2 || line === count,
  });
}
