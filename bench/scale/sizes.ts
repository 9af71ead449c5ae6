/** How much the full run measures, and for how long. */
export interface ScaleSize {
  /** How many tasks the large store has, and the small one that totals are held against. */
  readonly tasks: number;
  readonly smallStoreTasks: number;
  /** How often reads over HTTP are measured, in turns, and for how long each time. */
  readonly readRounds: number;
  readonly readSeconds: number;
  readonly warmUpSeconds: number;
  /** How many questions of a round each connection has: more than it can ask, so that no question comes twice. */
  readonly questionsOfConnection: number;
  /** How often calls in this process are measured, in turns, and how many calls at a time. */
  readonly costRounds: number;
  readonly costCalls: number;
  readonly writeRounds: number;
  readonly createsInRound: number;
  readonly reportsInRound: number;
  readonly ingestRounds: number;
  readonly ingestBatch: number;
  /** Which share of all tasks the retention finds to delete. */
  readonly expiringShare: number;
  /** How many answers to random questions are compared with a look at every task. */
  readonly comparedAnswers: number;
  readonly peerRows: number;
  readonly peerRounds: number;
  /** Whether peers that are not there are fetched. */
  readonly installsPeers: boolean;
  /** When a run that has not ended by itself is ended. */
  readonly limitSeconds: number;
}

export const scaleSizes = {
  smoke: {
    tasks: 20_000,
    smallStoreTasks: 2000,
    readRounds: 1,
    readSeconds: 0.05,
    warmUpSeconds: 0.02,
    questionsOfConnection: 20,
    costRounds: 2,
    costCalls: 5,
    writeRounds: 1,
    createsInRound: 128,
    reportsInRound: 128,
    ingestRounds: 1,
    ingestBatch: 200,
    expiringShare: 0.2,
    comparedAnswers: 20,
    peerRows: 200,
    peerRounds: 1,
    installsPeers: false,
    limitSeconds: 100,
  },
  full: {
    tasks: 10_000_000,
    smallStoreTasks: 10_000,
    readRounds: 7,
    readSeconds: 2,
    warmUpSeconds: 1,
    questionsOfConnection: 2500,
    costRounds: 15,
    costCalls: 100,
    writeRounds: 7,
    createsInRound: 10_000,
    reportsInRound: 20_000,
    ingestRounds: 15,
    ingestBatch: 1000,
    expiringShare: 0.1,
    comparedAnswers: 60,
    peerRows: 10_000,
    peerRounds: 5,
    installsPeers: true,
    limitSeconds: 7200,
  },
} as const satisfies Record<string, ScaleSize>;
