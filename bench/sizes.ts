import { services } from "../src/task/lifecycle.ts";

/** How much a run measures, and for how long. */
export interface Size {
  /** How many tasks each service has while the calls are held against the bare server. */
  readonly smallProject: number;
  /** How many tasks RDS has after the writers are done. */
  readonly largeProject: number;
  /** How often a read is measured, in turns with the bare server, and for how long each time. */
  readonly readRounds: number;
  readonly readSeconds: number;
  readonly warmUpSeconds: number;
  /** For how long a proof is verified in each of as many rounds. */
  readonly verifySeconds: number;
  /** How many passwords are given at once that must be hashed. */
  readonly loginsAtOnce: number;
  /** How often lists at a steady pace are measured, idle and during logins in turns, and for how long each time. */
  readonly pacedRounds: number;
  readonly pacedSeconds: number;
  /** How often a write is measured. The creates of all rounds together grow the small project to the large one. */
  readonly writeRounds: number;
  readonly reportsInRound: number;
  /** How often a start is measured, on an empty folder and on the full one. */
  readonly starts: number;
  readonly fsyncSeconds: number;
  /** When a run that has not ended by itself is ended. */
  readonly limitSeconds: number;
}

/** The sizes that can be asked for: `smoke` measures nothing worth reading and shows that everything works. */
export const sizes = {
  smoke: {
    smallProject: 20,
    largeProject: 148,
    readRounds: 1,
    readSeconds: 0.05,
    warmUpSeconds: 0.02,
    verifySeconds: 0.01,
    loginsAtOnce: 2,
    pacedRounds: 1,
    pacedSeconds: 0.2,
    writeRounds: 1,
    reportsInRound: 128,
    starts: 1,
    fsyncSeconds: 0.02,
    limitSeconds: 100,
  },
  quick: {
    smallProject: 1000,
    largeProject: 10_000,
    readRounds: 5,
    readSeconds: 0.3,
    warmUpSeconds: 0.6,
    verifySeconds: 0.1,
    loginsAtOnce: 20,
    pacedRounds: 3,
    pacedSeconds: 1.5,
    writeRounds: 3,
    reportsInRound: 3200,
    starts: 5,
    fsyncSeconds: 0.5,
    limitSeconds: 400,
  },
} as const satisfies Record<string, Size>;

export type SizeName = keyof typeof sizes;

/** How many tasks all services together have when the writers are done. */
export function largeProjectTasks(size: Size): number {
  return size.largeProject + (services.length - 1) * size.smallProject;
}
