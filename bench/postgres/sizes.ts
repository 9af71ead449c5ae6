/** How much the run over a large PostgreSQL store measures. */
export interface PostgresSize {
  readonly tasks: number;
  /** How often calls in this process are measured, in turns, and how many calls at a time. */
  readonly costRounds: number;
  readonly costCalls: number;
  /** The same of calls of which many are under way. */
  readonly busyRounds: number;
  readonly busyCalls: number;
  /** How often writes are measured, in turns on one server and on all, and how many each time. */
  readonly writeRounds: number;
  readonly createsInRound: number;
  readonly reportsInRound: number;
  /** For how long lists at a steady pace are measured, and during how many creates a second. */
  readonly pacedSeconds: number;
  readonly pacedCreates: number;
  /** Of how many changes folds are measured, and how often. */
  readonly foldedChanges: readonly number[];
  readonly foldRounds: number;
  /** How many totals are compared with a look at every task. */
  readonly comparedTotals: number;
  /** When a run that has not ended by itself is ended. */
  readonly limitSeconds: number;
}

export const postgresSizes = {
  smoke: {
    tasks: 5000,
    costRounds: 1,
    costCalls: 5,
    busyRounds: 1,
    busyCalls: 20,
    writeRounds: 1,
    createsInRound: 128,
    reportsInRound: 128,
    pacedSeconds: 0.2,
    pacedCreates: 50,
    foldedChanges: [50],
    foldRounds: 1,
    comparedTotals: 5,
    limitSeconds: 100,
  },
  full: {
    tasks: 2_000_000,
    costRounds: 15,
    costCalls: 100,
    busyRounds: 7,
    busyCalls: 3000,
    writeRounds: 5,
    createsInRound: 10_000,
    reportsInRound: 15_000,
    pacedSeconds: 5,
    pacedCreates: 1000,
    foldedChanges: [100, 1000, 10_000],
    foldRounds: 5,
    comparedTotals: 30,
    limitSeconds: 3600,
  },
} as const satisfies Record<string, PostgresSize>;
